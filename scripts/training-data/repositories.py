"""Reads files of git clones at the commits of commits.txt. A clone may be a work tree or bare; nothing is checked out."""

import subprocess
from pathlib import Path

COMMITS = dict(line.split() for line in (Path(__file__).parent / "commits.txt").read_text().splitlines())


class Repositories:
    """The clones in one folder, each named owner+name."""

    def __init__(self, folder):
        self.folder = Path(folder)

    def _git(self, repository, *arguments, input=None):
        clone = self.folder / repository.replace("/", "+")
        if not clone.is_dir():
            raise SystemExit(f"{clone} is missing: clone https://github.com/{repository} there (clone.sh does it)")
        directory = clone / ".git" if (clone / ".git").is_dir() else clone
        command = ["git", f"--git-dir={directory}", "-c", "core.quotepath=off", *arguments]
        return subprocess.run(command, input=input, capture_output=True, check=True).stdout

    def files(self, repository, folder="", ending=""):
        """Paths of all files under a folder, sorted."""
        listed = self._git(repository, "ls-tree", "-r", "--name-only", COMMITS[repository], *([folder] if folder else []))
        return sorted(path for path in listed.decode().splitlines() if path.endswith(ending))

    def read(self, repository, path):
        """A file's bytes."""
        return self._git(repository, "show", f"{COMMITS[repository]}:{path}")

    def text(self, repository, path, encoding="utf-8"):
        """A file's text; bytes that are not of the encoding become U+FFFD."""
        return self.read(repository, path).decode(encoding, "replace")

    def texts(self, repository, paths, encoding="utf-8"):
        """(path, text) of many files with one git process; line ends become \\n as when Python opens a file."""
        asked = "".join(f"{COMMITS[repository]}:{path}\n" for path in paths).encode()
        answer, at = self._git(repository, "cat-file", "--batch", input=asked), 0
        for path in paths:
            end = answer.index(b"\n", at)
            size = int(answer[at:end].split()[-1])
            content = answer[end + 1 : end + 1 + size].decode(encoding, "replace")
            at = end + 2 + size
            yield path, universal_newlines(content)


def universal_newlines(text):
    """\\r\\n and \\r as \\n, which is what Python's open does."""
    return text.replace("\r\n", "\n").replace("\r", "\n")
