"""The kill switch: works when everything else is broken, in a process of its own."""
