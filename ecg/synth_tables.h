/*
 * The generator's numbers: label sets with their frequencies, and the heart vector's Gaussian
 * kernels with what each diagnosis changes. Vectors are (x, y, z) = (left, feet, back) in mV at gain 1 and
 * severity 1. The numbers were fitted to the first 500 records of PTB-XL (docs/synthetic.md).
 */
#ifndef ECG_SYNTH_TABLES_H
#define ECG_SYNTH_TABLES_H

/* Rows of synth_statements (ecg/synth.h, ecg/synth_statements.c). */
enum synth_code {
	SYNTH_NORM,
	SYNTH_IMI,
	SYNTH_ASMI,
	SYNTH_AMI,
	SYNTH_ALMI,
	SYNTH_LMI,
	SYNTH_ILMI,
	SYNTH_INJAS,
	SYNTH_INJAL,
	SYNTH_NDT,
	SYNTH_NST,
	SYNTH_ISC,
	SYNTH_ISCAL,
	SYNTH_ISCIN,
	SYNTH_ISCIL,
	SYNTH_ISCAS,
	SYNTH_DIG,
	SYNTH_LNGQT,
	SYNTH_LAFB,
	SYNTH_IRBBB,
	SYNTH_1AVB,
	SYNTH_IVCD,
	SYNTH_CRBBB,
	SYNTH_CLBBB,
	SYNTH_LPFB,
	SYNTH_WPW,
	SYNTH_LVH,
	SYNTH_LAE,
	SYNTH_RVH,
	SYNTH_RAE,
	SYNTH_SR,
	SYNTH_AFIB,
	SYNTH_STACH,
	SYNTH_SBRAD,
	SYNTH_SARRH,
	SYNTH_PVC,
	SYNTH_PAC,
	SYNTH_CODES
};

/* A label set of PTB-XL with its count in version 1.0.3 and what goes with it. */
struct synth_set {
	const char *classes; /* letters of N M S C H */
	double count, age_mean, age_sd, p_female, p_afib, p_pvc, p_pac, p_sarrh;
};
#define SYNTH_SETS 18
extern const struct synth_set synth_tables_sets[SYNTH_SETS];

#define SYNTH_QRS 7 /* kernels of the QRS, of ST and T, and of P */
#define SYNTH_STT 5
#define SYNTH_P	  2

/* Centres and widths in ms: of the QRS around its centroid at width 1, of ST-T after it at an RR interval of
 * 1 s. */
extern const double synth_tables_qrs_ms[SYNTH_QRS], synth_tables_stt_ms[SYNTH_STT];
#define SYNTH_QRS_WIDTH_MS 7.0
#define SYNTH_STT_WIDTH_MS 34.0

/* The normal beat and its spread between patients (standard deviations). */
extern const double synth_tables_qrs[SYNTH_QRS][3], synth_tables_qrs_sd[SYNTH_QRS][3];
extern const double synth_tables_stt[SYNTH_STT][3], synth_tables_stt_sd[SYNTH_STT][3];
extern const double synth_tables_p[SYNTH_P][3], synth_tables_p_sd[SYNTH_P][3];

/* Beats of blocks, which take the normal one's place. */
extern const double synth_tables_lbbb_qrs[SYNTH_QRS][3], synth_tables_lbbb_stt[SYNTH_STT][3];
extern const double synth_tables_lafb_qrs[SYNTH_QRS][3], synth_tables_lpfb_qrs[SYNTH_QRS][3];

/* What a finding adds to the beat; both NULL: nothing. qrs alone NULL: repolarisation only. */
struct synth_delta {
	const double (*qrs)[3]; /* [SYNTH_QRS] */
	const double (*stt)[3]; /* [SYNTH_STT] */
};
struct synth_delta synth_tables_delta(enum synth_code code);

#endif
