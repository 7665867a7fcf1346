"""What is wrong with a running Chattable, found out by using it: the parts from inside, the address from outside."""
