"""Where frames come from: sockets, the journal, line captures."""
