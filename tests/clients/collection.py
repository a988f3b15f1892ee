"""Takes the module `supervisorctl` out of the wheel of Ansible's collections: collection.py WHEEL DIRECTORY."""

import pathlib
import sys
import zipfile

GENERAL = "ansible_collections/community/general/"
WANTED = ["plugins/modules/supervisorctl.py", "meta/runtime.yml", "MANIFEST.json"]


def main(wheel, directory):
    with zipfile.ZipFile(wheel) as archive:
        for name in WANTED:
            path = pathlib.Path(directory) / GENERAL / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(archive.read(GENERAL + name))


if __name__ == "__main__":
    main(*sys.argv[1:])
