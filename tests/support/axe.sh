# shellcheck shell=bash
# axe-core, which finds faults of accessibility in a page: one file of JavaScript, taken from a package of PyPI that bundles it.
#
#   . tests/support/axe.sh
#   axe_install    into target/axe; fails when it cannot be had; AXE_FILE is where the file is then

readonly AXE_PACKAGE_VERSION=0.1.8 # of axe-playwright-python; has axe-core 4.12.1
readonly AXE_HOME=$PWD/target/axe
readonly AXE_FILE=$AXE_HOME/axe-$AXE_PACKAGE_VERSION.min.js

axe_install() {
  if [[ -s $AXE_FILE ]]; then return; fi
  rm -rf -- "$AXE_HOME"
  python3 -m venv "$AXE_HOME" || return
  # Without what it depends on: that is another way to drive a browser.
  "$AXE_HOME/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps \
    "axe-playwright-python==$AXE_PACKAGE_VERSION" || return
  cp "$AXE_HOME"/lib/python3*/site-packages/axe_playwright_python/axe.min.js "$AXE_FILE"
}
