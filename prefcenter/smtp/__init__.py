"""The SMTP listener: mail of systems that can send mail and nothing else, through the same gate as everything."""
