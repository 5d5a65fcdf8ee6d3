"""What PHP-FPM and the kernel tell while a pool works: its status page, its queue, its workers' memory."""
