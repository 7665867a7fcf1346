"""A chat as tutorials build it: prefork, the sync SDK, the whole message saved and sent for every token."""
