"""redis-server: its files, what they set, and the sockets it opens."""
