"""Numbers to numbers: listen queues, queueing, staffing, memory, versions. Knows no configuration."""
