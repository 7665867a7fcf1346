"""How fast and how cheap Chattable streams, beside a naive stack and beside Chainlit: `make bench`."""
