"""The protocol, the loop and the chat, in this process."""
