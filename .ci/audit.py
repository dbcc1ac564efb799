"""Known vulnerabilities of the locked packages. A package that could not be looked up counts as a failure."""

import json
import subprocess
import sys
from pathlib import Path

AUDIT = "pip-audit==2.10.1"
LOCKS = ("installer.lock", "requirements.lock", "requirements-dev.lock", "deploy/sbom.lock")


def main() -> int:
    root, bad = Path(__file__).parents[1], 0
    for lock in LOCKS:
        ran = subprocess.run(
            [str(Path(sys.executable).with_name("uv")), "tool", "run", AUDIT, "--disable-pip", "--require-hashes",
             "-r", lock, "-f", "json"], cwd=root, stdout=subprocess.PIPE, text=True)
        if not ran.stdout:
            print(f"{lock}: the audit itself failed")
            return 1
        packages = json.loads(ran.stdout)["dependencies"]
        for package in packages:
            if "skip_reason" in package:
                print(f"{lock}: {package['name']} was not looked up: {package['skip_reason']}")
                bad += 1
            for found in package.get("vulns", ()):
                print(f"{lock}: {package['name']} {package['version']} has {found['id']}, "
                      f"mended in {', '.join(found['fix_versions']) or 'no version yet'}")
                bad += 1
        print(f"{lock}: {len(packages)} packages")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
