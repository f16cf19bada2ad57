"""Put the front-end libraries in place: `python assets/fetch.py` rewrites assets/vendor/.

Run it after a version in package.json changed (with --lock, which also writes the lock file anew);
nobody else needs npm or a network, because what it makes is committed. `npm ci` fetches the packages
and refuses any whose hash is not the one in package-lock.json; of each package only the files that a
page asks for are kept, under the addresses that Solara gives them. SHA256SUMS then says what lies in
vendor/, and a test holds the files to it.

Two things are unlike a plain copy. The lock file names the five packages alone: their own
dependencies are bundled in the files we take, and Solara's page library declares two that exist only
in its repository. And Vega, Vega-Lite and Vega-Embed are joined to one ES module, each untouched in a
wrapper that stands in for CommonJS, so that they leave no global names and no trace in RequireJS.
"""

import argparse
import hashlib
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
VENDOR = HERE / "vendor"
PAGE_LIBRARY = "@widgetti/solara-vuetify3-app"

# Only the woff2 of each font: every browser that can run the page reads it. KaTeX's fonts and the
# modes of a code editor are left out, because no page shows formulas or edits code.
FONT_SHEET = "fonts.css"
PAGE_FILES = (
    "main8.css",
    FONT_SHEET,
    "solara-vuetify-app8.min.js",
    "solara-vuetify-app8.min.js.LICENSE.txt",
)
LICENCES = ("vega", "vega-lite", "vega-embed")


def main() -> None:
    """Fetch, place and record the files."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--lock", action="store_true", help="write package-lock.json anew from package.json")
    parser.add_argument("--check", action="store_true", help="change nothing; fail when vendor/ differs")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        if arguments.lock:
            write_lock(work)
        fetch(work)
        target = work / "vendor"
        place(work / "node_modules", target)
        (target / "SHA256SUMS").write_text(checksums(target), encoding="utf-8")
        if arguments.check:
            known = (VENDOR / "SHA256SUMS").read_text(encoding="utf-8")
            if known != (target / "SHA256SUMS").read_text(encoding="utf-8") or known != checksums(VENDOR):
                sys.exit("assets/vendor differs from what package-lock.json gives; run assets/fetch.py")
        else:
            shutil.rmtree(VENDOR, ignore_errors=True)
            shutil.copytree(target, VENDOR)
    size = sum(path.stat().st_size for path in VENDOR.rglob("*") if path.is_file())
    sys.stdout.write(f"{VENDOR}: {size / 1e6:.1f} MB\n")


def npm(work: Path, *words: str) -> None:
    """Run npm in the work folder, with the registry that is configured on this machine."""
    command = ["npm", *words, "--ignore-scripts", "--no-bin-links", "--no-audit", "--no-fund"]
    done = subprocess.run(command, cwd=work, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(command)} failed:\n{done.stderr}")


def write_lock(work: Path) -> None:
    """Write a lock file that names the packages of package.json and no others."""
    shutil.copy(HERE / "package.json", work)
    npm(work, "install", "--package-lock-only", "--omit-lockfile-registry-resolved")
    lock = json.loads((work / "package-lock.json").read_text(encoding="utf-8"))
    packages = {"": lock["packages"][""]}
    for name in packages[""]["dependencies"]:
        entry = lock["packages"][f"node_modules/{name}"]
        packages[f"node_modules/{name}"] = {key: entry[key] for key in ("version", "integrity", "license")}
    lock["packages"] = packages
    (HERE / "package-lock.json").write_text(json.dumps(lock, indent=2) + "\n", encoding="utf-8")


def fetch(work: Path) -> None:
    """Fetch the packages; npm verifies each against the lock file."""
    for name in ("package.json", "package-lock.json"):
        shutil.copy(HERE / name, work)
    npm(work, "ci")


def place(modules: Path, target: Path) -> None:
    """Copy the files that a page asks for to where Solara looks for them."""
    versions = json.loads((HERE / "package.json").read_text(encoding="utf-8"))["dependencies"]
    source = modules / PAGE_LIBRARY / "dist"
    sheet = (source / FONT_SHEET).read_text(encoding="utf-8")
    fonts = [path.name for path in source.glob("*.woff2") if path.name in sheet]
    for name in (*PAGE_FILES, *sorted(fonts)):
        copy(source / name, target / f"{PAGE_LIBRARY}@{versions[PAGE_LIBRARY]}" / "dist" / name)
    copy(modules / "requirejs" / "require.js", target / f"requirejs@{versions['requirejs']}" / "require.js")
    (target / "vega.js").write_text(vega_module(modules, versions), encoding="utf-8")
    for name in LICENCES:
        copy(modules / name / "LICENSE", target / "licences" / f"{name}.txt")


def vega_module(modules: Path, versions: dict[str, str]) -> str:
    """Join Vega, Vega-Lite and Vega-Embed to one ES module with `vega` and `embed` as exports."""
    names = ("vega", "vega-lite", "vega-embed")
    parts = [f"/* {', '.join(f'{name} {versions[name]}' for name in names)}: BSD-3-Clause, see licences/ */"]
    parts.append("const modules = {}; const require = (name) => modules[name];")
    for name in names:
        text = (modules / name / "build" / f"{name}.min.js").read_text(encoding="utf-8")
        text = "\n".join(line for line in text.splitlines() if not line.startswith("//# sourceMappingURL"))
        parts.append(
            f"{{ const module = {{ exports: {{}} }}; (function (module, exports, require, define) {{\n{text}\n"
        )
        parts.append(f"}})(module, module.exports, require); modules['{name}'] = module.exports; }}")
    parts.append("export const vega = modules['vega']; export const embed = modules['vega-embed'];")
    return "\n".join(parts) + "\n"


def copy(source: Path, target: Path) -> None:
    """Copy one file, making its folder."""
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)


def checksums(folder: Path) -> str:
    """Return one line per file, as sha256sum writes them."""
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != "SHA256SUMS")
    return "".join(
        f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.relative_to(folder).as_posix()}\n"
        for path in files
    )


if __name__ == "__main__":
    main()
