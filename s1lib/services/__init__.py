"""How the course talks to services that it does not control: teachers, and inference servers."""
