# Turns the list of changes in `history` and the files of calc/ into a stream for git fast-import.
#
# A commit is a set of changes, and a file of a commit is the file of calc/ without the lines whose conditions the set
# does not meet. So a commit's difference is exactly the lines that belong to its change, and a merge is the union of
# two sets: it never conflicts, and a change means the same on every branch. (Patches were the other way. They have to
# be made again whenever anything before them moves.)
#
# In a file:  `LINE //@ a b !c` or `LINE #@ ...`  the line is there with the changes a and b and without c
#             `//@begin a b` ... `//@end`         the same for a block; blocks may be nested
#             `//@file a`                         the file exists with the change a
#
# Plain POSIX awk, which every Debian has. Nothing depends on the clock, the user or git's configuration.
# Input: the files of calc/ (their names without .in), then the history with list=1 set before it.

function fatal(message) {
  print "history.awk: " FILENAME ":" FNR ": " message > "/dev/stderr"
  failed = 1
  exit 1
}

# Remembers a line of a file of calc/.
function read_template(line, name, at, rest) {
  name = FILENAME
  sub(/^.*calc\//, "", name)
  sub(/\.in$/, "", name)
  if (FNR == 1) {
    file[++files] = name
    condition[files] = ""
    depth = 0
    outer[0] = ""
  }
  if (line ~ /^\/\/@file /) {
    condition[files] = substr(line, 9)
    mention(condition[files])
  } else if (line ~ /^\/\/@begin /) {
    depth++
    outer[depth] = outer[depth - 1] " " substr(line, 10)
    mention(outer[depth])
  } else if (line ~ /^\/\/@end$/) {
    depth--
  } else {
    rest = ""
    if (match(line, / (\/\/|#)@ [a-z0-9.! -]+$/)) {
      rest = substr(line, RSTART)
      sub(/^ (\/\/|#)@ /, "", rest)
      line = substr(line, 1, RSTART - 1)
      mention(rest)
    }
    at = ++lines[files]
    text[files, at] = line
    needs[files, at] = outer[depth] " " rest
  }
}

# The current file looks different with each of these changes.
function mention(changes, words, n, i) {
  n = split(changes, words, " ")
  for (i = 1; i <= n; i++) {
    sub(/^!/, "", words[i])
    if (!((words[i], files) in mentioned)) {
      mentioned[words[i], files] = 1
      known[words[i]] = 1
    }
  }
}

function meets(branch, changes, words, n, i) {
  n = split(changes, words, " ")
  for (i = 1; i <= n; i++) {
    if (substr(words[i], 1, 1) == "!") {
      if ((branch, substr(words[i], 2)) in has) return 0
    } else if (!((branch, words[i]) in has)) {
      return 0
    }
  }
  return 1
}

function write_file(branch, f, i) {
  if (condition[f] != "" && !meets(branch, condition[f])) return
  print "M " (file[f] ~ /\.sh$/ ? "100755" : "100644") " inline " file[f]
  print "data <<END OF FILE"
  for (i = 1; i <= lines[f]; i++) {
    if (meets(branch, needs[f, i])) print text[f, i]
  }
  print "END OF FILE"
}

function write_person(role, branch) {
  # Fixed dates in 2021, each commit hours after the one before.
  print role " " person[1 + order[branch] % people] " " clock " +0000"
}

# Begins a commit on a branch; the parents beyond the branch's own tip are the tips of the branches in `others`.
function begin_commit(branch, message, others, words, n, i) {
  clock += 14400 + (commits * 7919) % 86400
  print "commit refs/heads/main"
  print "mark :" ++commits
  write_person("author", branch)
  write_person("committer", branch)
  print "data <<END OF MESSAGE"
  print message
  print "END OF MESSAGE"
  if (branch in tip) print "from :" tip[branch]
  n = split(others, words, " ")
  for (i = 1; i <= n; i++) print "merge :" tip[words[i]]
  tip[branch] = commits
}

function write_changed_files(branch, f, change) {
  for (f = 1; f <= files; f++) {
    for (change in fresh) {
      if (commits == 1 || (change, f) in mentioned) {
        write_file(branch, f)
        break
      }
    }
  }
  print ""
}

function subject(change, what) {
  if (change in said) return said[change]
  what = change
  sub(/^[a-z]+-/, "", what)
  if (change ~ /^const-/) return "Add the constant " what
  if (change ~ /^fn-/) return "Add the function " what "()"
  if (change ~ /^unit-/) return "Add the unit " what
  if (change ~ /^dim-/) return "Add units of " what
  gsub(/-/, " ", what)
  if (change ~ /^case-/) return "Test " what
  if (change ~ /^doc-/) return "Describe " what
  fatal("no subject for " change)
}

function commit_change(branch, change) {
  if (!(change in known) && change != "start") fatal("no file mentions " change)
  if (change in used) fatal(change " is there twice")
  used[change] = 1
  has[branch, change] = 1
  changes[branch] = changes[branch] " " change
  begin_commit(branch, subject(change), "")
  split("", fresh)
  fresh[change] = 1
  write_changed_files(branch)
}

function merge(branch, others, message, words, n, mine, m, i, j) {
  begin_commit(branch, message, others)
  split("", fresh)
  n = split(others, words, " ")
  for (i = 1; i <= n; i++) {
    m = split(changes[words[i]], mine, " ")
    for (j = 1; j <= m; j++) {
      if (!((branch, mine[j]) in has)) {
        has[branch, mine[j]] = 1
        changes[branch] = changes[branch] " " mine[j]
        fresh[mine[j]] = 1
      }
    }
  }
  write_changed_files(branch)
}

function topic(branch, words, n, i) {
  order[branch] = ++topics
  tip[branch] = tip["main"]
  changes[branch] = changes["main"]
  n = split(changes[branch], words, " ")
  for (i = 1; i <= n; i++) has[branch, words[i]] = 1
}

function rest_from(first, result, i) {
  result = $first
  for (i = first + 1; i <= NF; i++) result = result " " $i
  return result
}

function say(change, message, at, body) {
  message = rest_from(3)
  at = index(message, " | ")
  if (at > 0) {
    body = substr(message, at + 3)
    gsub(/\|/, "\n", body)
    message = substr(message, 1, at - 1) "\n\n" body
  }
  said[change] = message
}

BEGIN {
  person[1] = "Ada Example <ada@example.org>"
  person[2] = "Ben Example <ben@example.org>"
  person[3] = "Cleo Example <cleo@example.org>"
  person[4] = "Dan Example <dan@example.org>"
  people = 4
  clock = 1614585600
  order["main"] = 0
}

!list { read_template($0); next }

/^#/ || NF == 0 { next }
$1 == "say" { say($2); next }
$1 == "topic" { topic($2); next }
$1 == "sync" { merge($2, "main", "Merge branch 'main' into " $2); next }
$1 == "merge" {
  merge("main", rest_from(2), NF > 2 ? "Merge branches '" $2 "' and '" $3 "'" : "Merge branch '" $2 "'")
  next
}
$1 == "release" {
  print "tag " $2
  print "from :" tip["main"]
  write_person("tagger", "main")
  print "data <<END OF MESSAGE"
  print "calc " substr($2, 2)
  print "END OF MESSAGE"
  next
}
$1 ~ /:$/ {
  branch = substr($1, 1, length($1) - 1)
  if (branch != "main" && !(branch in tip)) fatal("no topic " branch)
  for (i = 2; i <= NF; i++) commit_change(branch, $i)
  next
}
{ fatal("not understood: " $0) }

END {
  if (failed) exit 1
  for (change in known) {
    if (!(change in used)) {
      print "history.awk: " change " is in no commit" > "/dev/stderr"
      failed = 1
    }
  }
  if (failed) exit 1
  # Without this, fast-import would take a stream that was cut off for a complete one.
  print "done"
}
