"""`python -m calor` is the command `calor`."""

from calor.cli import main

if __name__ == "__main__":
    main()
