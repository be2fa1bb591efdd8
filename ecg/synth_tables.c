#include "ecg/synth_tables.h"

#include <stddef.h>

#include "ecg/synth.h"

const struct synth_statement synth_statements[] = {
	[SYNTH_NORM] = {"NORM", "NORM", "NORM", 1, 0, 0},
	[SYNTH_IMI] = {"IMI", "MI", "IMI", 1, 0, 0},
	[SYNTH_ASMI] = {"ASMI", "MI", "AMI", 1, 0, 0},
	[SYNTH_AMI] = {"AMI", "MI", "AMI", 1, 0, 0},
	[SYNTH_ALMI] = {"ALMI", "MI", "AMI", 1, 0, 0},
	[SYNTH_LMI] = {"LMI", "MI", "LMI", 1, 0, 0},
	[SYNTH_ILMI] = {"ILMI", "MI", "IMI", 1, 0, 0},
	[SYNTH_INJAS] = {"INJAS", "MI", "AMI", 1, 0, 0},
	[SYNTH_INJAL] = {"INJAL", "MI", "AMI", 1, 0, 0},
	[SYNTH_NDT] = {"NDT", "STTC", "STTC", 1, 1, 0},
	[SYNTH_NST] = {"NST_", "STTC", "NST_", 1, 1, 0},
	[SYNTH_ISC] = {"ISC_", "STTC", "ISC_", 1, 0, 0},
	[SYNTH_ISCAL] = {"ISCAL", "STTC", "ISCA", 1, 0, 0},
	[SYNTH_ISCIN] = {"ISCIN", "STTC", "ISCI", 1, 0, 0},
	[SYNTH_ISCIL] = {"ISCIL", "STTC", "ISCI", 1, 0, 0},
	[SYNTH_ISCAS] = {"ISCAS", "STTC", "ISCA", 1, 0, 0},
	[SYNTH_DIG] = {"DIG", "STTC", "STTC", 1, 1, 0},
	[SYNTH_LNGQT] = {"LNGQT", "STTC", "STTC", 1, 1, 0},
	[SYNTH_LAFB] = {"LAFB", "CD", "LAFB/LPFB", 1, 0, 0},
	[SYNTH_IRBBB] = {"IRBBB", "CD", "IRBBB", 1, 0, 0},
	[SYNTH_1AVB] = {"1AVB", "CD", "_AVB", 1, 0, 0},
	[SYNTH_IVCD] = {"IVCD", "CD", "IVCD", 1, 0, 0},
	[SYNTH_CRBBB] = {"CRBBB", "CD", "CRBBB", 1, 0, 0},
	[SYNTH_CLBBB] = {"CLBBB", "CD", "CLBBB", 1, 0, 0},
	[SYNTH_LPFB] = {"LPFB", "CD", "LAFB/LPFB", 1, 0, 0},
	[SYNTH_WPW] = {"WPW", "CD", "WPW", 1, 0, 0},
	[SYNTH_LVH] = {"LVH", "HYP", "LVH", 1, 0, 0},
	[SYNTH_LAE] = {"LAO/LAE", "HYP", "LAO/LAE", 1, 0, 0},
	[SYNTH_RVH] = {"RVH", "HYP", "RVH", 1, 0, 0},
	[SYNTH_RAE] = {"RAO/RAE", "HYP", "RAO/RAE", 1, 0, 0},
	[SYNTH_SR] = {"SR", "", "", 0, 0, 1},
	[SYNTH_AFIB] = {"AFIB", "", "", 0, 0, 1},
	[SYNTH_STACH] = {"STACH", "", "", 0, 0, 1},
	[SYNTH_SBRAD] = {"SBRAD", "", "", 0, 0, 1},
	[SYNTH_SARRH] = {"SARRH", "", "", 0, 0, 1},
	[SYNTH_PVC] = {"PVC", "", "", 0, 1, 0},
	[SYNTH_PAC] = {"PAC", "", "", 0, 1, 0},
	[SYNTH_CODES] = {0},
};

const struct synth_set synth_tables_sets[SYNTH_SETS] = {
	{"N", 9069, 52, 17, 0.55, 0, 0.02, 0.013, 0.043},
	{"M", 2532, 64, 13, 0.37, 0.08, 0.08, 0.011, 0.038},
	{"S", 2400, 65, 14, 0.58, 0.178, 0.07, 0.02, 0.027},
	{"C", 1708, 64, 16, 0.39, 0.08, 0.06, 0.022, 0.028},
	{"MC", 1297, 69, 12, 0.34, 0.1, 0.1, 0.025, 0.023},
	{"SH", 781, 67, 13, 0.48, 0.175, 0.093, 0.031, 0.029},
	{"MS", 599, 68, 12, 0.45, 0.19, 0.068, 0.017, 0.028},
	{"H", 535, 61, 16, 0.44, 0.022, 0.056, 0.03, 0.026},
	{"SC", 471, 70, 14, 0.51, 0.125, 0.093, 0.036, 0.032},
	{"NC", 407, 52, 17, 0.39, 0, 0.015, 0.01, 0.079},
	{"MSH", 361, 69, 12, 0.39, 0.147, 0.116, 0.03, 0.03},
	{"CH", 300, 66, 15, 0.38, 0.023, 0.057, 0.03, 0.047},
	{"MSC", 223, 71, 13, 0.44, 0.283, 0.108, 0.049, 0.01},
	{"SCH", 211, 68, 13, 0.41, 0.142, 0.123, 0.014, 0.019},
	{"MH", 183, 67, 14, 0.45, 0.071, 0.071, 0.038, 0.022},
	{"MSCH", 156, 73, 12, 0.39, 0.154, 0.141, 0.064, 0.01},
	{"MCH", 117, 67, 13, 0.3, 0.017, 0.085, 0.043, 0.043},
	{"NS", 28, 60, 15, 0.5, 0.05, 0.03, 0.02, 0.03},
};

const double synth_tables_qrs_ms[SYNTH_QRS] = {-30, -20, -10, 0, 10, 20, 30};
const double synth_tables_stt_ms[SYNTH_STT] = {90, 150, 205, 255, 300};

const double synth_tables_qrs[SYNTH_QRS][3] = {
	{-0.066, -0.01, -0.225}, {0.291, 0.027, -0.071}, {0.722, 0.434, 0.187},	  {0.757, 0.427, 0.632},
	{0.162, 0.149, 0.508},	 {-0.013, 0.037, 0.303}, {-0.112, -0.009, 0.211},
};

const double synth_tables_qrs_sd[SYNTH_QRS][3] = {
	{0.075, 0.077, 0.076}, {0.111, 0.101, 0.143}, {0.117, 0.126, 0.22},  {0.145, 0.121, 0.116},
	{0.273, 0.175, 0.117}, {0.14, 0.1, 0.084},    {0.084, 0.086, 0.071},
};

const double synth_tables_stt[SYNTH_STT][3] = {
	{0.006, -0.008, -0.056}, {0.02, -0.004, -0.036}, {0.088, 0, -0.12},
	{0.36, 0.12, -0.09},	 {0.059, 0.036, -0.055},
};

const double synth_tables_stt_sd[SYNTH_STT][3] = {
	{0.0267, 0.01157, 0.01958}, {0.01958, 0.0089, 0.01424}, {0.02848, 0.01335, 0.0267},
	{0.0445, 0.02225, 0.0356},  {0.04895, 0.0267, 0.0356},
};

const double synth_tables_p[SYNTH_P][3] = {
	{0.042, 0.06, -0.021},
	{0.068, 0.03, 0.042},
};

const double synth_tables_p_sd[SYNTH_P][3] = {
	{0.013, 0.018, 0.014},
	{0.016, 0.016, 0.016},
};

const double synth_tables_lbbb_qrs[SYNTH_QRS][3] = {
	{0.14, 0, -0.05},   {0.11, 0.08, 0.55},	 {0.45, 0.08, 1.06},  {0.58, 0.12, 1.5},
	{0.5, -0.06, 1.02}, {0.38, -0.14, 0.52}, {0.11, -0.16, 0.12},
};

const double synth_tables_lbbb_stt[SYNTH_STT][3] = {
	{-0.1, -0.02, -0.16},  {-0.12, -0.01, -0.2}, {-0.16, -0.01, -0.29},
	{-0.24, -0.01, -0.42}, {0.06, 0.05, -0.24},
};

const double synth_tables_lafb_qrs[SYNTH_QRS][3] = {
	{0, 0.08, -0.01},     {0.07, 0.01, -0.23},  {0.76, 0.2, 0.12},	  {0.04, -0.32, 0.36},
	{-0.42, -0.42, 0.22}, {-0.13, -0.13, 0.14}, {-0.05, -0.06, 0.02},
};

const double synth_tables_lpfb_qrs[SYNTH_QRS][3] = {
	{0.04, -0.05, -0.22}, {0.16, 0.1, -0.06},  {0.45, 0.59, 0.4},	{0.42, 0.85, 0.8},
	{-0.12, 0.4, 0.52},   {-0.18, 0.05, 0.38}, {-0.04, 0.04, 0.22},
};

static const double imi_qrs[SYNTH_QRS][3] = {
	{0, -0.03, 0.05},     {-0.07, -0.1, -0.08}, {0.13, -0.2, -0.1},	  {-0.2, -0.27, -0.06},
	{-0.3, -0.07, -0.02}, {0, 0.02, -0.05},	    {-0.01, 0.05, -0.02},
};
static const double imi_stt[SYNTH_STT][3] = {
	{-0.012, -0.003, 0.003}, {-0.014, -0.014, 0}, {-0.014, -0.008, 0.014},
	{-0.1, -0.08, -0.02},	 {0.01, -0.004, 0},
};

static const double asmi_qrs[SYNTH_QRS][3] = {
	{0.07, 0.03, 0.14},  {0, 0.04, 0.26},	    {-0.03, -0.08, 0.16},  {-0.04, -0.08, 0.05},
	{-0.02, -0.1, 0.02}, {-0.01, -0.06, -0.02}, {-0.01, -0.02, -0.03},
};
static const double asmi_stt[SYNTH_STT][3] = {
	{-0.02, -0.01, -0.01}, {-0.022, -0.006, -0.004}, {-0.04, -0.006, 0.004},
	{-0.1, -0.02, 0.02},   {-0.01, 0, 0.008},
};

static const double ami_qrs[SYNTH_QRS][3] = {
	{0.03, 0.03, 0.14}, {-0.06, 0.02, 0.3}, {-0.16, -0.08, 0.26}, {-0.22, -0.1, 0.14}, {-0.1, -0.1, 0.04},
	{0, 0, 0},	    {0, 0, 0},
};
static const double ami_stt[SYNTH_STT][3] = {
	{-0.02, -0.02, -0.04}, {-0.02, -0.02, -0.03}, {-0.04, -0.02, 0.02}, {-0.14, -0.05, 0.1}, {0, 0, 0.02},
};

static const double almi_qrs[SYNTH_QRS][3] = {
	{-0.04, 0.04, 0.12},
	{-0.18, 0.02, 0.24},
	{-0.34, -0.02, 0.24},
	{-0.34, -0.02, 0.16},
	{-0.12, 0, 0.06},
	{0, 0, 0},
	{0, 0, 0},
};
static const double almi_stt[SYNTH_STT][3] = {
	{-0.03, -0.01, -0.02}, {-0.03, -0.01, -0.02}, {-0.06, -0.02, 0.03},
	{-0.2, -0.05, 0.08},   {-0.02, 0, 0},
};

static const double lmi_qrs[SYNTH_QRS][3] = {
	{-0.08, 0.03, -0.02},
	{-0.24, 0.02, -0.05},
	{-0.34, 0.02, -0.04},
	{-0.22, 0.02, -0.02},
	{-0.04, 0, 0},
	{0, 0, 0},
	{0, 0, 0},
};
static const double lmi_stt[SYNTH_STT][3] = {
	{-0.03, 0, 0}, {-0.03, 0, 0}, {-0.05, 0, 0}, {-0.18, -0.02, 0}, {-0.02, 0, 0},
};

static const double injas_stt[SYNTH_STT][3] = {
	{-0.03, -0.01, 0.09}, {-0.04, -0.01, 0.11}, {-0.05, -0.02, 0.12}, {-0.12, -0.04, 0.16}, {0, 0, 0.02},
};

static const double injal_stt[SYNTH_STT][3] = {
	{-0.1, -0.03, 0.05}, {-0.12, -0.04, 0.06}, {-0.12, -0.05, 0.08}, {-0.18, -0.06, 0.1}, {0, 0, 0.02},
};

static const double ndt_qrs[SYNTH_QRS][3] = {
	{0, 0, 0.04},	      {-0.04, -0.01, 0}, {0, -0.08, -0.02}, {-0.06, -0.16, -0.06},
	{-0.1, -0.08, -0.02}, {0, -0.02, -0.01}, {0, 0, -0.02},
};
static const double ndt_stt[SYNTH_STT][3] = {
	{-0.03, -0.002, 0.016}, {-0.041, -0.006, 0.005}, {-0.055, -0.002, 0.036},
	{-0.24, -0.06, 0.02},	{0, 0, -0.012},
};

static const double nst_qrs[SYNTH_QRS][3] = {
	{0.02, -0.02, 0.04},  {0, 0, 0.03},	 {0, -0.04, 0.06}, {-0.09, -0.12, 0.03},
	{-0.12, -0.05, 0.01}, {-0.03, -0.02, 0}, {0, 0.01, -0.01},
};
static const double nst_stt[SYNTH_STT][3] = {
	{-0.054, -0.006, 0.01}, {-0.062, -0.006, 0}, {-0.07, 0, 0.036},
	{-0.24, -0.065, 0.018}, {0, -0.012, -0.01},
};

static const double isc_stt[SYNTH_STT][3] = {
	{-0.072, -0.022, -0.004}, {-0.066, -0.01, -0.006}, {-0.09, -0.01, 0.004},
	{-0.33, -0.045, -0.01},	  {-0.05, -0.015, -0.025},
};

static const double iscal_stt[SYNTH_STT][3] = {
	{-0.062, -0.01, 0},  {-0.07, -0.022, -0.003}, {-0.1, -0.008, 0.012},
	{-0.3, -0.06, 0.05}, {-0.02, -0.016, 0},
};

static const double iscin_stt[SYNTH_STT][3] = {
	{-0.04, -0.035, 0}, {-0.035, -0.035, 0}, {-0.055, -0.03, 0.005},
	{-0.13, -0.17, 0},  {-0.015, -0.03, 0},
};

static const double iscil_stt[SYNTH_STT][3] = {
	{-0.058, -0.028, 0.005}, {-0.058, -0.03, 0.003}, {-0.085, -0.025, 0.01},
	{-0.25, -0.13, 0.01},	 {-0.025, -0.03, 0},
};

static const double iscas_stt[SYNTH_STT][3] = {
	{-0.02, 0, 0.04}, {-0.03, 0, 0.05}, {-0.04, 0, 0.1}, {-0.08, -0.01, 0.33}, {0, 0, 0.06},
};

static const double dig_stt[SYNTH_STT][3] = {
	{-0.055, -0.016, -0.003}, {-0.08, -0.015, 0.01}, {-0.075, 0.01, 0.045},
	{-0.23, -0.05, 0.09},	  {0.02, 0.01, 0},
};

static const double lngqt_stt[SYNTH_STT][3] = {
	{0, 0, 0.01}, {-0.01, 0, 0.02}, {-0.02, 0, 0.03}, {-0.06, -0.02, 0.03}, {0.02, 0.02, 0},
};

static const double lvh_qrs[SYNTH_QRS][3] = {
	{0.06, 0, 0},	    {0.22, 0.14, 0.22},	  {0.28, 0.18, 0.36},	{0.38, 0.15, 0.58},
	{0.2, -0.01, 0.39}, {-0.02, -0.01, 0.12}, {-0.04, -0.06, 0.08},
};
static const double lvh_stt[SYNTH_STT][3] = {
	{-0.03, -0.01, -0.018}, {-0.04, -0.008, -0.02}, {-0.03, -0.008, -0.006},
	{-0.12, -0.03, -0.045}, {0, 0, -0.018},
};

static const double rvh_qrs[SYNTH_QRS][3] = {
	{0, 0, -0.02},	      {-0.04, 0.03, -0.06}, {-0.15, 0.05, -0.22}, {-0.45, 0.08, -0.5},
	{-0.42, 0.06, -0.42}, {-0.24, 0, -0.26},    {-0.08, 0, -0.12},
};
static const double rvh_stt[SYNTH_STT][3] = {
	{-0.01, -0.01, 0.02}, {-0.02, -0.01, 0.03}, {-0.03, -0.01, 0.06}, {-0.08, -0.03, 0.16}, {0, 0, 0.02},
};

static const double crbbb_stt[SYNTH_STT][3] = {
	{0.02, 0, 0.02}, {0.04, 0.01, 0.04}, {0.05, 0.02, 0.1}, {0.08, 0.02, 0.16}, {0.03, 0.02, 0.05},
};

static const double wpw_stt[SYNTH_STT][3] = {
	{-0.02, -0.01, 0}, {-0.03, -0.02, 0}, {-0.05, -0.03, 0}, {-0.12, -0.07, 0}, {0, 0, 0},
};

static const struct synth_delta deltas[SYNTH_CODES] = {
	[SYNTH_IMI] = {imi_qrs, imi_stt},  [SYNTH_ASMI] = {asmi_qrs, asmi_stt},
	[SYNTH_AMI] = {ami_qrs, ami_stt},  [SYNTH_ALMI] = {almi_qrs, almi_stt},
	[SYNTH_LMI] = {lmi_qrs, lmi_stt},  [SYNTH_INJAS] = {NULL, injas_stt},
	[SYNTH_INJAL] = {NULL, injal_stt}, [SYNTH_NDT] = {ndt_qrs, ndt_stt},
	[SYNTH_NST] = {nst_qrs, nst_stt},  [SYNTH_ISC] = {NULL, isc_stt},
	[SYNTH_ISCAL] = {NULL, iscal_stt}, [SYNTH_ISCIN] = {NULL, iscin_stt},
	[SYNTH_ISCIL] = {NULL, iscil_stt}, [SYNTH_ISCAS] = {NULL, iscas_stt},
	[SYNTH_DIG] = {NULL, dig_stt},	   [SYNTH_LNGQT] = {NULL, lngqt_stt},
	[SYNTH_LVH] = {lvh_qrs, lvh_stt},  [SYNTH_RVH] = {rvh_qrs, rvh_stt},
	[SYNTH_CRBBB] = {NULL, crbbb_stt}, [SYNTH_WPW] = {NULL, wpw_stt},
};

struct synth_delta synth_tables_delta(enum synth_code code)
{
	return deltas[code];
}
