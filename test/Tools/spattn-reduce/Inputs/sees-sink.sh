#!/bin/sh
# A file is interesting, which status 1 says, while an attention sees a sink.
if grep -q 'spattn\.sink' "$1"; then exit 1; fi
