"""What a fine-tuning run takes, and which profile fits this machine."""
