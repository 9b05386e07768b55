"""Run tuner as ``python -m tuner``."""

from tuner.cli import run

if __name__ == "__main__":
    run()
