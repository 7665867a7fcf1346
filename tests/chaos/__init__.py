"""What Chattable promises, tried on a real stack while things are killed: `make chaos`."""
