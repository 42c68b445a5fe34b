/* Senders and receivers of libspandsp as a program, for tests that look at our signals with other eyes.
 *
 *   spandsp dtmf-tx DIGITS ON_MS OFF_MS           samples to standard output
 *   spandsp dtmf-rx FILE                          digits
 *   spandsp adsi-tx STANDARD TYPE FIELD...        samples; a FIELD is type:text, both numbers in hexadecimal: 02:35353531
 *   spandsp adsi-rx STANDARD FILE                 messages in hexadecimal, one a line
 *   spandsp connect-tx TONE MS                    samples
 *   spandsp connect-rx TONE FILE                  what was told, one number a line
 *   spandsp tone-tx MS (F1 F2 ON OFF)...          samples; the steps repeat
 *   spandsp tone-rx FILE (F1 F2)...               pieces of these tones (F2 0: one alone): "F1 F2 MS", -1 for silence
 *
 * Samples are 16-bit, 8000 a second, in the machine's order; files are read whole. Numbers of standards and tones are
 * those of adsi.h and modem_connect_tones.h. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <spandsp.h>

#define BLOCK 160
#define LONGEST (60 * 8000)

static int16_t samples[LONGEST];

static int load(const char *path)
{
    FILE *f = fopen(path, "rb");
    if (!f) {
        perror(path);
        exit(1);
    }
    int n = (int) fread(samples, sizeof samples[0], LONGEST, f);
    fclose(f);
    return n;
}

static void put(const int16_t *amp, int n)
{
    fwrite(amp, sizeof amp[0], (size_t) n, stdout);
}

static void put_silence(int ms)
{
    static const int16_t zero[8];
    for (; ms > 0; ms--)
        put(zero, 8);
}

static int dtmf_send(int argc, char **argv)
{
    int16_t amp[BLOCK];
    int n;
    if (argc < 5)
        return 2;
    dtmf_tx_state_t *tx = dtmf_tx_init(NULL);
    dtmf_tx_set_timing(tx, atoi(argv[3]), atoi(argv[4]));
    dtmf_tx_put(tx, argv[2], -1);
    put_silence(100);
    while ((n = dtmf_tx(tx, amp, BLOCK)) > 0)
        put(amp, n);
    put_silence(200);
    return 0;
}

static int dtmf_hear(char **argv)
{
    char digits[129];
    dtmf_rx_state_t *rx = dtmf_rx_init(NULL, NULL, NULL);
    int n = load(argv[2]);
    for (int i = 0; i < n; i += BLOCK) {
        dtmf_rx(rx, samples + i, n - i < BLOCK ? n - i : BLOCK);
        size_t k = dtmf_rx_get(rx, digits, 128);
        digits[k] = 0;
        fputs(digits, stdout);
    }
    putchar('\n');
    return 0;
}

static int unhex(const char *text, uint8_t *out)
{
    int n = 0;
    unsigned byte;
    while (text[0] && text[1] && sscanf(text, "%2x", &byte) == 1) {
        out[n++] = (uint8_t) byte;
        text += 2;
    }
    return n;
}

static int adsi_send(int argc, char **argv)
{
    int16_t amp[BLOCK];
    uint8_t message[256], field[256];
    int length, n;
    if (argc < 4)
        return 2;
    adsi_tx_state_t *tx = adsi_tx_init(NULL, atoi(argv[2]));
    length = adsi_add_field(tx, message, -1, (uint8_t) strtol(argv[3], NULL, 16), NULL, 0);
    for (int i = 4; i < argc; i++) {
        const char *colon = strchr(argv[i], ':');
        if (!colon)
            return 2;
        n = unhex(colon + 1, field);
        length = adsi_add_field(tx, message, length, (uint8_t) strtol(argv[i], NULL, 16), field, n);
    }
    put_silence(100);
    adsi_tx_put_message(tx, message, length);
    while ((n = adsi_tx(tx, amp, BLOCK)) > 0)
        put(amp, n);
    put_silence(200);
    return 0;
}

static void on_message(void *user, const uint8_t *message, int length)
{
    (void) user;
    for (int i = 0; i < length; i++)
        printf("%02x", message[i]);
    putchar('\n');
}

static int adsi_hear(char **argv)
{
    adsi_rx_state_t *rx = adsi_rx_init(NULL, atoi(argv[2]), on_message, NULL);
    int n = load(argv[3]);
    for (int i = 0; i < n; i += BLOCK)
        adsi_rx(rx, samples + i, n - i < BLOCK ? n - i : BLOCK);
    return 0;
}

static int connect_send(char **argv)
{
    int16_t amp[BLOCK];
    modem_connect_tones_tx_state_t *tx = modem_connect_tones_tx_init(NULL, atoi(argv[2]));
    put_silence(200);
    for (int left = atoi(argv[3]) * 8; left > 0; left -= BLOCK) {
        int n = modem_connect_tones_tx(tx, amp, left < BLOCK ? left : BLOCK);
        if (n <= 0)
            break;
        put(amp, n);
    }
    put_silence(1000);
    return 0;
}

static void on_tone(void *user, int code, int level, int delay)
{
    (void) user;
    (void) level;
    (void) delay;
    printf("%d\n", code);
}

static int connect_hear(char **argv)
{
    modem_connect_tones_rx_state_t *rx = modem_connect_tones_rx_init(NULL, atoi(argv[2]), on_tone, NULL);
    int n = load(argv[3]);
    for (int i = 0; i < n; i += BLOCK)
        modem_connect_tones_rx(rx, samples + i, n - i < BLOCK ? n - i : BLOCK);
    return 0;
}

static int tone_send(int argc, char **argv)
{
    int16_t amp[BLOCK];
    int left = atoi(argv[2]) * 8;
    put_silence(300);
    for (int i = 3; left > 0; i = i + 7 < argc ? i + 4 : 3) {
        float f1 = (float) atof(argv[i]), f2 = (float) atof(argv[i + 1]);
        super_tone_tx_step_t *step =
            super_tone_tx_make_step(NULL, f1, -15.0f, f2, f2 > 0 ? -15.0f : -90.0f, atoi(argv[i + 2]), 1);
        super_tone_tx_state_t *tx = super_tone_tx_init(NULL, step);
        for (int on = atoi(argv[i + 2]) * 8; on > 0 && left > 0;) {
            int n = super_tone_tx(tx, amp, on < BLOCK ? on : BLOCK);
            if (n <= 0)
                break;
            put(amp, n);
            on -= n;
            left -= n;
        }
        put_silence(atoi(argv[i + 3]));
        left -= atoi(argv[i + 3]) * 8;
    }
    put_silence(300);
    return 0;
}

static void on_tone_report(void *user, int code, int level, int delay)
{
    (void) user;
    (void) code;
    (void) level;
    (void) delay;
}

static void on_segment(void *user, int f1, int f2, int duration)
{
    (void) user;
    printf("%d %d %d\n", f1, f2, duration);
}

static int tone_hear(int argc, char **argv)
{
    super_tone_rx_descriptor_t *desc = super_tone_rx_make_descriptor(NULL);
    for (int i = 3; i + 1 < argc; i += 2) {
        int tone = super_tone_rx_add_tone(desc);
        int f2 = atoi(argv[i + 1]);
        super_tone_rx_add_element(desc, tone, atoi(argv[i]), f2 > 0 ? f2 : -1, 50, 0);
    }
    super_tone_rx_state_t *rx = super_tone_rx_init(NULL, desc, on_tone_report, NULL);
    super_tone_rx_segment_callback(rx, on_segment);
    int n = load(argv[2]);
    for (int i = 0; i < n; i += BLOCK)
        super_tone_rx(rx, samples + i, n - i < BLOCK ? n - i : BLOCK);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc >= 3) {
        if (!strcmp(argv[1], "dtmf-tx"))
            return dtmf_send(argc, argv);
        if (!strcmp(argv[1], "dtmf-rx"))
            return dtmf_hear(argv);
        if (!strcmp(argv[1], "adsi-tx"))
            return adsi_send(argc, argv);
    }
    if (argc >= 4) {
        if (!strcmp(argv[1], "adsi-rx"))
            return adsi_hear(argv);
        if (!strcmp(argv[1], "connect-tx"))
            return connect_send(argv);
        if (!strcmp(argv[1], "connect-rx"))
            return connect_hear(argv);
        if (!strcmp(argv[1], "tone-tx") && argc >= 7)
            return tone_send(argc, argv);
        if (!strcmp(argv[1], "tone-rx") && argc >= 5)
            return tone_hear(argc, argv);
    }
    fputs("usage: see the source\n", stderr);
    return 2;
}
