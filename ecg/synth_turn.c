#include "ecg/synth_turn.h"

#include <math.h>

#include "numbers/dmath.h"

void synth_turn_multiply(double out[3][3], const double a[3][3], const double b[3][3])
{
	for (int i = 0; i < 3; i++)
		for (int j = 0; j < 3; j++)
			out[i][j] = a[i][0] * b[0][j] + a[i][1] * b[1][j] + a[i][2] * b[2][j];
}

void synth_turn_vector(double out[3], double scale, const double m[3][3], const double v[3])
{
	double x = v[0], y = v[1], z = v[2];
	for (int i = 0; i < 3; i++)
		out[i] = scale * (m[i][0] * x + m[i][1] * y + m[i][2] * z);
}

void synth_turn_about(double out[3][3], const double degrees[3])
{
	const double radian = 0.017453292519943295;
	double v[3] = {degrees[0] * radian, degrees[1] * radian, degrees[2] * radian};
	double angle = sqrt(v[0] * v[0] + v[1] * v[1] + v[2] * v[2]) + 1e-12;
	double x = v[0] / angle, y = v[1] / angle, z = v[2] / angle;
	const double k[3][3] = {{0, -z, y}, {z, 0, -x}, {-y, x, 0}};
	double kk[3][3], s = dmath_sin(angle), c = 1 - dmath_cos(angle);
	synth_turn_multiply(kk, k, k);
	for (int i = 0; i < 3; i++)
		for (int j = 0; j < 3; j++)
			out[i][j] = (i == j) + s * k[i][j] + c * kk[i][j];
}
