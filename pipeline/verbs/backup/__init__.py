"""Backup of a lake into a folder or a bucket, and its restore into an empty lake."""
