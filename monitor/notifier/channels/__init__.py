"""The ways to people: the log, webhooks of our own, and whatever Apprise speaks to (mail, chats, ...)."""
