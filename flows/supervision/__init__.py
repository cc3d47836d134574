"""The supervisor of `barograph up`: processes that are started, heard, braked, stopped and started again."""
