"""A second kind of owner, with UUID keys: Chattable must not care who owns the chats."""
