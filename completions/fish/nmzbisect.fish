# Completion of nmzbisect and nmzswarm, also as subcommands of git.
#
# Which options and subcommands there are, and what they take, is asked of the program itself (--help): this file knows
# none of them. Only the words that some options take are here, and tests/program/completion holds them against what the
# program says.

function __nmz_words
    switch $argv[1]
        case --strategy
            printf '%s\n' adaptive rounds
        case --on-timeout
            printf '%s\n' skip bad
        case --isolate
            printf '%s\n' none world network
        case --orchestrator
            printf '%s\n' local docker swarm kubernetes funker
        case --inject
            printf '%s\n' auto archive config image
        case --flaky-result
            printf '%s\n' pass fail
        case --format
            printf '%s\n' text json
        case --rerun
            printf '%s\n' failed unfinished last
        case --show-output
            printf '%s\n' never failed all live
        case --status-level
            printf '%s\n' none fail retry slow pass skip all
        case --no-tests
            printf '%s\n' pass fail
        case --on-failure
            printf '%s\n' nothing bisect
        case --ui
            printf '%s\n' auto text screen plain quiet json
        case --color
            printf '%s\n' auto always never
    end
end

# Lines "NAMES VALUE<tab>HELP" of a help page: "-j,--jobs N<tab>Workers".
function __nmz_options
    $argv --help 2>/dev/null | string replace -rf '^  (-\S+)(?: ([A-Z][][A-Z|/.=]*))?(?: +(.*))?$' '$1 $2\t$3'
end

# The words that can be next, by the usage lines of a help page.
function __nmz_subcommands
    set -l name (string replace -r '.*/' '' -- $argv[1])
    $argv --help 2>/dev/null |
        string replace -rf "^(?:Usage:|      ) "(string join ' ' -- (string replace -r '^git-' '' -- $name) $argv[2])' ([a-z]+)(?: .*)?$' '$1' | sort -u
end

# What goes before them, and arguments for git.
function __nmz_revisions
    set -l before (string replace -rf '^(.*\.\.).*' '$1' -- (commandline -ct))
    printf '%s\n' "$before"(begin
            echo HEAD
            git $argv for-each-ref --format='%(refname:short)' refs/heads refs/tags refs/remotes 2>/dev/null
        end)
end

function __nmz_contexts
    set -l config $HOME/.docker
    set -q DOCKER_CONFIG; and set config $DOCKER_CONFIG
    echo default
    for file in $config/contexts/meta/*/meta.json
        string replace -rf '.*"Name":"([^"]*)".*' '$1' <$file
    end
end

# OPTION KIND [ARGUMENT OF GIT...]: what an option takes.
function __nmz_value
    set -l words (__nmz_words $argv[1])
    if set -q words[1]
        printf '%s\n' $words
    else if test $argv[1] = --context
        __nmz_contexts
    else
        switch $argv[2]
            case REV '*|REV'
                __nmz_revisions $argv[3..]
            case DIR
                __fish_complete_directories (commandline -ct)
            case FILE PATH PATHSPEC
                __fish_complete_path (commandline -ct)
        end
    end
end

# PROGRAM SUBCOMMAND [ARGUMENT OF GIT...]: what has no dash.
function __nmz_word
    set -l program $argv[1]
    set -l subcommand (string match -v '' -- $argv[2])
    __nmz_subcommands $program $subcommand
    switch "$subcommand"
        case ''
            string match -q '*nmzbisect' $program; and __nmz_revisions $argv[3..]
        case show export
            echo last
            $program logs 2>/dev/null | string sub -s 19 | string replace -r '  \(goes on\)$' ''
        case history
            $program history 2>/dev/null | tail -n +2 | string sub -s 55
        case config
            __nmz_options $program | string match -rag -- '--([a-z-]+)(?=[, ].*\t)' | string replace -r '^' 'nmz.'
    end
end

function __nmz_complete --argument program
    set -l words (commandline -opc)[2..]
    set -l current (commandline -ct)
    set -l subcommand ''
    set -l option ''
    set -l git
    set -q words[1]; and contains -- $words[1] (__nmz_subcommands $program); and set subcommand $words[1]
    set -l names
    set -l kinds
    set -l helps
    for line in (__nmz_options $program (string match -v '' -- $subcommand))
        set -l parts (string split -m 1 \t -- $line)
        set -l known (string split ' ' -- $parts[1])
        for name in (string split , -- $known[1])
            set -a names $name
            set -a kinds "$known[2]"
            set -a helps "$parts[2]"
        end
    end
    for word in $words
        if test $word = --
            __fish_complete_subcommand --commandline (string split ' ' -- (string replace -r '^.*? -- ?' '' -- (commandline -cp)))
            return
        end
        test "$option" = -C; and set git -C $word
        set -l at (contains -i -- $word $names)
        and test -n "$kinds[$at]"
        and set option $word
        or set option ''
    end
    set -l given (string match -rg '^(--[^=]+)=' -- $current)
    and set option $given
    if test -n "$option"
        set -l kind
        set -l at (contains -i -- $option $names); and set kind $kinds[$at]
        set -l prefix ''
        set -q given[1]; and set prefix "$given="
        printf '%s\n' $prefix(__nmz_value $option "$kind" $git)
    else if string match -q -- '-*' $current
        for at in (seq (count $names))
            printf '%s\t%s\n' $names[$at] (string shorten -m 60 -- $helps[$at] 2>/dev/null; or echo $helps[$at])
        end
    else
        __nmz_word $program "$subcommand" $git
    end
end

for program in nmzbisect nmzswarm
    complete -c $program -f -a "(__nmz_complete $program)"
    complete -c git-$program -f -a "(__nmz_complete $program)"
end
