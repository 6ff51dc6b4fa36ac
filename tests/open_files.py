"""What a process has open, as the kernel tells it (proc(5), `/proc/pid/fd`)."""

from pathlib import Path


def open_files(pid: int) -> list[str]:
    """Return what each descriptor of a process stands for: a path, `socket:[inode]`, `pipe:[inode]`.

    A process goes on while it is looked at: what it closes meanwhile is left out, and one that has ended has nothing.
    """
    found: list[str] = []
    try:
        links = [*Path(f"/proc/{pid}/fd").iterdir()]
    except OSError:
        return found
    for link in links:
        try:
            found.append(str(link.readlink()))
        except OSError:
            continue
    return found
