#!/bin/sh
# Firefox as its users have it: geckodriver would let it end with the first page that crashes.
unset MOZ_CRASHREPORTER_SHUTDOWN
exec "${FIREFOX:-/usr/bin/firefox-esr}" "$@"
