#!/bin/sh
# Installs Debian packages for the tests, without starting the services that they bring.
# usage: install.sh <package>...   (as root)
set -eu

policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
  # Debian's own switch: 101 says that no service may be started. The tests start private instances.
  printf '#!/bin/sh\nexit 101\n' >"$policy"
  chmod 755 "$policy"
  trap 'rm -f "$policy"' EXIT
fi

export DEBIAN_FRONTEND=noninteractive
apt-get -q -o Acquire::Retries=3 update
apt-get -q -y -o Acquire::Retries=3 -o Dpkg::Use-Pty=0 install --no-install-recommends "$@"
