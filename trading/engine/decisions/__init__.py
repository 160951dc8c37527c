"""One module a family of commands; each function takes (state, command) and returns the events, or one refusal."""
