#!/bin/sh
# Makes the recordings of this directory anew, with the programs that the README names. The tests need none of them.
set -eu
cd "$(dirname "$0")"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cc -O1 -o "$work/spandsp" ../foreign/spandsp.c -lspandsp -lm

# Raw samples from standard input to a mu-law WAV file.
keep() { sox -R -D -t raw -r 8000 -e signed -b 16 -c 1 - -e mu-law "$1"; }
spandsp() { "$work/spandsp" "$@"; }
# A tone or two for so many seconds at so many dB, then silence: tone FILE SECONDS GAIN SILENCE HZ [HZ].
tone() {
    if [ $# -eq 6 ]; then
        sox -R -D -n -r 8000 -b 16 -c 1 "$1" synth "$2" sine "$5" sine "$6" remix 1,2 gain "$3" pad 0 "$4"
    else
        sox -R -D -n -r 8000 -b 16 -c 1 "$1" synth "$2" sine "$5" gain "$3" pad 0 "$4"
    fi
}

spandsp dtmf-tx '123A456B789C*0#D' 50 50 | keep dtmf-spandsp.wav

files=
for pair in 697:1209 697:1336 697:1477 697:1633 770:1209 770:1336 770:1477 770:1633 \
    852:1209 852:1336 852:1477 852:1633 941:1209 941:1336 941:1477 941:1633; do
    tone "$work/$pair.wav" 0.045 -12 0.045 "${pair%:*}" "${pair#*:}"
    files="$files $work/$pair.wav"
done
# shellcheck disable=SC2086
sox -R -D $files -e mu-law dtmf-sox.wav pad 0.1 0.1

fields='01:3035313731323334 02:35353530313937 07:4a2e20444f45'
# shellcheck disable=SC2086
spandsp adsi-tx 1 80 $fields | keep bell202-spandsp.wav
# shellcheck disable=SC2086
spandsp adsi-tx 2 80 $fields | keep v23-spandsp.wav
spandsp adsi-tx 4 40 02:30333132333435363738 21:40 | keep ntt-spandsp.wav
spandsp adsi-tx 5 43 41:35353530313937 | keep "$work/clip.wav"
sox -R -D "$work/clip.wav" -e mu-law clip-spandsp.wav pad 0 0.4
spandsp adsi-tx 5 23 41:35353530313937 | keep "$work/clip.wav"
sox -R -D "$work/clip.wav" -e mu-law clip-hash-spandsp.wav pad 0 0.4

# Minimodem sends bytes, with bits of whole samples: 40 at 48 000 Hz. The mark before the message is a tone of sox.
for modem in bell202:1200:2200 v23:1300:2100; do
    name=${modem%%:*} rest=${modem#*:}
    mark=${rest%:*} space=${rest#*:}
    send() {
        minimodem --tx -q -R 48000 -v 0.2 -M "$mark" -S "$space" -f "$work/fast.wav" 1200
        sox -R -D "$work/fast.wav" -r 8000 "$1"
    }
    printf 'UUUUUUUUUUUUUUUUUUUUUUUUUUUUUU' | send "$work/seizure.wav"
    printf '\200\033\001\01005171234\002\0075550197\007\006J. DOE\317' | send "$work/message.wav"
    tone "$work/mark.wav" 0.15 -14 0 "$mark"
    sox -R -D "$work/seizure.wav" "$work/mark.wav" "$work/message.wav" -e mu-law "$name-minimodem.wav" pad 0.2 0.2
done

spandsp connect-tx 1 700 | keep cng-spandsp.wav
spandsp connect-tx 2 1500 | keep ced-spandsp.wav
spandsp connect-tx 3 1500 | keep ans-spandsp.wav
spandsp connect-tx 5 1500 | keep ansam-spandsp.wav
printf 'HELLO GA SK' | minimodem --tx -q -R 48000 -v 0.2 -f "$work/tty.wav" tdd
sox -R -D "$work/tty.wav" -r 8000 -e mu-law tty-minimodem.wav pad 0.2 0.3

tone "$work/on.wav" 0.5 -15 0.5 480 620
sox -R -D "$work/on.wav" -e mu-law busy-us-sox.wav repeat 2 pad 0.2
tone "$work/on.wav" 0.4 -15 0.2 400 450
sox -R -D "$work/on.wav" -e mu-law ringback-gb-sox.wav repeat 1 pad 0.2 1.8
tone "$work/a.wav" 0.33 -15 0 950
tone "$work/b.wav" 0.33 -15 0 1400
tone "$work/c.wav" 0.33 -15 1 1800
sox -R -D "$work/a.wav" "$work/b.wav" "$work/c.wav" -e mu-law sit-sox.wav pad 0.2

espeak-ng -v en-us -s 150 -w "$work/say.wav" \
    'Good afternoon, you have reached the museum of telephony. Our exchange is open from nine to five. Three, two, one: go ahead.'
sox -R -D "$work/say.wav" -r 8000 -c 1 -b 16 "$work/say8.wav" gain -n -3 trim 0 8
sox -R -D "$work/say8.wav" -e mu-law speech-espeak.wav
# An alerting tone of 80 ms, 1 s into speech that is weaker.
tone "$work/cas.wav" 0.08 -18 0.9 2130 2750
sox -R -D "$work/cas.wav" "$work/late.wav" pad 1
sox -R -D "$work/say8.wav" "$work/soft.wav" gain -17 trim 0 2
sox -R -D -m -v 1 "$work/late.wav" -v 1 "$work/soft.wav" -e mu-law cas-speech-sox-espeak.wav
