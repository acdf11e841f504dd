# For those who have make: `make X` is `python course.py X`. Options: make run ARGS="--patience 120"
PYTHON := $(or $(PYTHON),$(shell command -v python3 || command -v python),python3)
COMMANDS := run lab check test test-slow test-vllm setup bundle clean notebooks data

.PHONY: help $(COMMANDS)
help $(COMMANDS):
	@"$(PYTHON)" course.py $@ $(ARGS)

results-%:
	@"$(PYTHON)" course.py results $*
