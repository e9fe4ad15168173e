"""Cloud Backup and Recovery for OpenStack: protect servers, prove what was kept."""
