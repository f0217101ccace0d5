"""The program's home: where its files are, and writing them so that none is ever half there."""
