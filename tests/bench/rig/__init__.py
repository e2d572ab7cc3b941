"""Agreement of the model with the real rig: the same capacities through both, and what each shows.

`make bench-rig` plays eight segments under `adaptive` and `locked`. What came of the first time, on two
cores busy with other work, the edge deciding every 250 ms (medians over the 16 runs; alike: `locked`
transitions within 3 s, of both sides):

    model     error of the share on time   ratio of p95   alike
    mptcp     1.6 points                   1.34           43 %
    tcp-hol   4.3 points                   1.54           33 %
    tcp       5.4 points                   1.71           24 %
    the rig, three segments again
              2.3 points                   1.38           57 %

So `mptcp` is as near to the rig as the rig is to itself. Transitions of `locked` hang on thresholds: loss
above 2 % for 5 s holds or does not by a few segments, and no model tells more than the network repeats.
Its constants were read off these runs (windows, round trips, losses, backlogs); other segments are needed
to tell how much of the agreement is theirs.
"""
