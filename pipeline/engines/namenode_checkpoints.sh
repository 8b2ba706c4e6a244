#!/usr/bin/env bash
# Summary: Checkpoint the NameNode whenever its image lacks dfs.namenode.checkpoint.txns edits, for as long as it runs.
# Usage: namenode_checkpoints.sh [LOOK_S [RETRY_S]] <PIPE
#   LOOK_S    seconds between two looks at the NameNode, each an HTTP request (default: 10)
#   RETRY_S   seconds after a checkpoint that failed: most faults, such as a full disk, last (default: 600)
#
# A NameNode alone merges its edit log into an image only when it starts. Until then the log grows, and the next start
# replays all of it. namenode.sh starts this script beside the NameNode; PIPE is open for as long as the NameNode lives.
set -euo pipefail
# shellcheck source=pipeline/scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../scripts/lib.sh"
if [[ ${1:-} == --help ]]; then
  show_usage
  exit 0
fi

look_s="${1:-10}"
retry_s="${2:-600}"
use_java
TIME_LIMIT_S=600 # for one checkpoint; a JVM that hangs is killed

conf="$COINLAKE_HOME/conf/hadoop"

# Print a setting of the rendered hdfs-site.xml.
setting() {
  sed -n "s|.*<name>$1</name><value>\(.*\)</value>.*|\1|p" "$conf/hdfs-site.xml"
}

# Wait this many seconds; fail as soon as the NameNode has ended.
namenode_lives_for() {
  local code=0
  read -r -t "$1" || code=$?
  ((code > 128)) # a time-out; at the pipe's end it is 1
}

# Print how many edits the newest image lacks; print nothing while the NameNode does not answer.
uncheckpointed_edits() {
  curl --silent --noproxy '*' --max-time 10 \
    "http://$(setting dfs.namenode.http-address)/jmx?qry=Hadoop:service=NameNode,name=FSNamesystem" |
    sed -n 's/.*"TransactionsSinceLastCheckpoint" : \([0-9]\+\).*/\1/p' || true
}

# Merge the edits into a new image, in a JVM of seconds, and hand it to the NameNode, which then deletes the edits.
checkpoint() {
  local folder="$COINLAKE_HOME/data/namenode-checkpoint" code=0 # dfs.namenode.checkpoint.dir
  rm -rf "$folder" # what a killed checkpoint left is of no use to this one
  timeout --foreground --kill-after=10 "$TIME_LIMIT_S" nice -n 10 "${java[@]}" "@$conf/namenode.options" \
    -cp "$conf:$COINLAKE_HOME/jars/hadoop/*" \
    org.apache.hadoop.hdfs.server.namenode.SecondaryNameNode -checkpoint force || code=$?
  rm -rf "$folder"
  return "$code"
}

# Print the file of the newest image; nothing of it is in the NameNode's figures for up to 10 s.
newest_image() {
  find "$COINLAKE_HOME/data/namenode/current" -name 'fsimage_*[0-9]' | sort | tail -n 1
}

wait_s="$look_s"
while namenode_lives_for "$wait_s"; do
  wait_s="$look_s"
  edits="$(uncheckpointed_edits)"
  ((${edits:-0} >= $(setting dfs.namenode.checkpoint.txns))) || continue
  before="$(newest_image)" code=0
  checkpoint </dev/null || code=$?
  # The exit code is 0, too, when the NameNode does not want the image.
  if ((code != 0)) || [[ $(newest_image) == "$before" ]]; then
    printf 'checkpoint failed (exit code %d), %s edits are in the log; next attempt in %d s\n' \
      "$code" "$edits" "$retry_s" >&2
    wait_s="$retry_s"
  fi
done
