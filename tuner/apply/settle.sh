#!/bin/sh
# Brings one change to its end, whichever that is: somebody has lost sight of it.
# shellcheck disable=SC2154 # set by protocol.py

main() {
  was=$(state) || was=none
  case $was in
    none | making*)
      if pid=$(owner "$was"); then
        kill -9 "$pid" 2>/dev/null
        while owner "$was" >/dev/null; do sleep 1; done
      fi
      rm -rf -- "$bundle"
      # a first half that is late finds its place taken, and stops
      if [ -d "$room" ]; then mkdir -- "$bundle" 2>/dev/null; fi
      unlock
      say "end untouched"
      ;;
    *) nonce=$nonce sh "$bundle/revert.sh" settle </dev/null >&3 ;;
  esac
}

main 3>&1 </dev/null >/dev/null
