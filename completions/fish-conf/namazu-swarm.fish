# `git nmzbisect <TAB>`: fish 3.6 knows that there are commands like git-nmzbisect, and never asks their completions.
for program in nmzbisect nmzswarm
    complete -c git -f -n "__fish_git_using_command $program" -a "(__fish_git_complete_custom_command $program)"
end
