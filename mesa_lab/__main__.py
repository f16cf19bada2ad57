"""`python -m mesa_lab` is `mesa-lab`."""

from mesa_lab.cli import main

if __name__ == "__main__":
    main()
