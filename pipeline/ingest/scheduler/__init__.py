"""The scheduler's process: prices polled every minute, history and CSV files as jobs, and the HTTP API."""
