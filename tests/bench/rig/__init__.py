"""Agreement of the model with the real rig: the same capacities through both, and what each shows.

`make bench-rig` plays eight segments under `adaptive` and `locked`; `--held-out` plays eight more, of whose drives no
constant of the model is. What came of `locked` at a load of 3 to 12, `adaptive` not played on this code (alike:
transitions within 3 s, of both sides; 80 % are asked):

    segments                                           error of the share on time   ratio of p95   alike
    1 to 8, each once                                  0.8 points                   1.18           79 %
    1 to 8, 3 and 4 as first played at 28 pictures/s   0.8 points                   1.18           81 %
    1 to 8, three times each                           1.1 points                   1.19           76 %
    1 to 8, the rig against itself (24 pairs)          1.2 points                   1.15           76 %
    9 to 16, each once                                 1.3 points                   1.18           33 %

So on the first eight the model is as near to the rig as the rig is to itself. Without segment 4 it is 89 %, the rig
84 %. In segment 4 one uplink crawls at 30 kbit/s for 25 s: the kernel frees the stream piece by piece, the model keeps
it, and goes to ERROR. On 9 to 16 the model loses for longer than the rig when the first queue of all is full, and in
9, 12 and 14 falls by that, earlier or further than the rig, which falls by capacity. Thirteen of the 32 runs were at
25 to 28 pictures a second, by the load.

What had been wrong. The rig: a busy machine starves its encoder; its parts go before other work now. The model: an
uplink at 30 kbit/s passed for dead, and both windows began alike, where the rig's begin with 125 and 40 segments (read
off runs of all segments, before their first queue, which knows nothing of the segment). The product: a stream held up
by one uplink had no known capacity; two stray segments, or one slow round trip, began the minute before a climb anew;
losses were judged over 3 s, and then 1.5, where bursts last two to four and the table asks for five.
"""
