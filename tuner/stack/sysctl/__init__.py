"""sysctl files: the order of loading, what the kernel takes, and what is in force."""
