/* Rotations of the heart vector. */
#ifndef ECG_SYNTH_TURN_H
#define ECG_SYNTH_TURN_H

/* Rotation by |degrees| about that axis (Rodrigues). */
void synth_turn_about(double out[3][3], const double degrees[3]);

/* out = a b */
void synth_turn_multiply(double out[3][3], const double a[3][3], const double b[3][3]);

/* out = scale * m v; out may be v. */
void synth_turn_vector(double out[3], double scale, const double m[3][3], const double v[3]);

#endif
