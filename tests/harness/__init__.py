"""Tests of the harness: the programs are driven as a person would."""
