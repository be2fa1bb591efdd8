/*
 * The coefficients of GELU and of its derivative, for all devices: kernels/cpu/math.h says how they are used.
 * TABLE is how the device keeps constants.
 */
#ifndef KERNELS_GELU_H
#define KERNELS_GELU_H

#if !defined TABLE
#define TABLE static const
#endif

/* Least-squares fits at Chebyshev points (docs/numerics.md) of Phi(x) - 1/2, error 3e-8, and of Phi(x) + x
 * phi(x) - 1/2, error 6e-8; Phi and phi are the normal distribution's function and density. */
TABLE float gelu_phi[6][16] = {
	{0x1.309a12p-4f, 0x1.b47438p-3f, 0x1.4d9138p-2f, 0x1.9f0d52p-2f, 0x1.d125f6p-2f, 0x1.ebf334p-2f,
	 0x1.f86d8cp-2f, 0x1.fd7baep-2f, 0x1.ff43e6p-2f, 0x1.ffcfdap-2f, 0x1.fff536p-2f, 0x1.fffde2p-2f,
	 0x1.ffffa4p-2f, 0x1.fffff2p-2f, 0x1.fffffep-2f, 0x1.000000p-1f},
	{0x1.916610p-2f, 0x1.5cbdc0p-2f, 0x1.073e62p-2f, 0x1.594762p-3f, 0x1.8977cap-4f, 0x1.858fbcp-5f,
	 0x1.4f18bap-6f, 0x1.f4dda2p-8f, 0x1.4536f2p-9f, 0x1.6eec90p-11f, 0x1.67acb6p-13f, 0x1.325126p-15f,
	 0x1.c54df8p-18f, 0x1.236968p-20f, 0x1.458602p-23f, 0},
	{-0x1.2d0a5ep-5f, -0x1.885326p-4f, -0x1.ed9342p-4f, -0x1.c52d84p-4f, -0x1.4bfdf2p-4f, -0x1.91be1cp-5f,
	 -0x1.986800p-6f, -0x1.602c22p-7f, -0x1.0325a8p-8f, -0x1.46c2b0p-10f, -0x1.61fc36p-12f,
	 -0x1.4a2260p-14f, -0x1.09763ep-16f, -0x1.708346p-19f, -0x1.b9fb76p-22f, 0},
	{-0x1.022fccp-4f, -0x1.3ddc9ap-5f, -0x1.54128cp-8f, 0x1.4cad42p-6f, 0x1.e4a846p-6f, 0x1.a68902p-6f,
	 0x1.13fac8p-6f, 0x1.206d64p-7f, 0x1.f081c6p-9f, 0x1.657b1ep-10f, 0x1.b2b144p-12f, 0x1.c122b8p-14f,
	 0x1.8c0434p-16f, 0x1.2aeaa4p-18f, 0x1.83343ep-21f, 0},
	{0x1.26f094p-7f, 0x1.5c3668p-6f, 0x1.5af4c4p-6f, 0x1.8181e8p-7f, 0x1.1e67e8p-10f, -0x1.4b601cp-8f,
	 -0x1.8e3b0ap-8f, -0x1.200978p-8f, -0x1.368632p-9f, -0x1.0a4800p-10f, -0x1.762770p-12f,
	 -0x1.b5c9bap-14f, -0x1.aee0dep-16f, -0x1.6720bap-18f, -0x1.fd62aep-21f, 0},
	{0x1.2890f8p-7f, 0x1.bdc9d4p-9f, -0x1.9fdb6cp-9f, -0x1.8f18f2p-8f, -0x1.386dc6p-8f, -0x1.ceb132p-10f,
	 0x1.c84916p-12f, 0x1.2bd432p-10f, 0x1.e9cc5cp-11f, 0x1.0daa0cp-11f, 0x1.c62bdcp-13f, 0x1.32bcc0p-14f,
	 0x1.5453d0p-16f, 0x1.3a88ccp-18f, 0x1.e8b578p-21f, 0},
};
TABLE float gelu_slope[7][16] = {
	{0x1.5fcfc8p-3f, 0x1.d22e82p-2f, 0x1.34ad08p-1f, 0x1.40a9d6p-1f, 0x1.2d5d80p-1f, 0x1.170d82p-1f,
	 0x1.090b84p-1f, 0x1.02d042p-1f, 0x1.00b404p-1f, 0x1.00246ep-1f, 0x1.000600p-1f, 0x1.0000cep-1f,
	 0x1.000016p-1f, 0x1.000002p-1f, 0x1.000000p-1f, 0x1.000000p-1f},
	{0x1.8550d6p-1f, 0x1.02737ep-1f, 0x1.690d34p-3f, -0x1.5cd67ep-5f, -0x1.b96860p-4f, -0x1.567860p-4f,
	 -0x1.5cdb1ep-5f, -0x1.07297cp-6f, -0x1.332d96p-8f, -0x1.1b5994p-10f, -0x1.a21808p-13f,
	 -0x1.f126c2p-16f, -0x1.ded21ap-19f, -0x1.76e0b6p-22f, -0x1.de6f16p-26f, 0},
	{-0x1.58d386p-3f, -0x1.81c302p-2f, -0x1.5865dcp-2f, -0x1.409bcap-3f, -0x1.cb9e5ap-8f, 0x1.853566p-5f,
	 0x1.4d0c1ep-5f, 0x1.4d4062p-6f, 0x1.da9744p-8f, 0x1.ffbc40p-10f, 0x1.ade1eep-12f, 0x1.1dd672p-14f,
	 0x1.2fdb8ep-17f, 0x1.03ed32p-20f, 0x1.678758p-24f, 0},
	{-0x1.e78d10p-3f, -0x1.011d94p-4f, 0x1.b89fecp-4f, 0x1.23916cp-3f, 0x1.3e023ep-4f, 0x1.6a4416p-7f,
	 -0x1.e8ac7cp-7f, -0x1.bdd9a8p-7f, -0x1.aa15e6p-8f, -0x1.188f24p-9f, -0x1.130208p-11f,
	 -0x1.9f4be0p-14f, -0x1.ec412ap-17f, -0x1.cf5332p-20f, -0x1.5d0068p-23f, 0},
	{0x1.fc3624p-5f, 0x1.e471e2p-4f, 0x1.00cfe6p-4f, -0x1.2828a2p-6f, -0x1.730fe4p-5f, -0x1.b8e664p-6f,
	 -0x1.2e0558p-8f, 0x1.fc7e80p-9f, 0x1.cbbc86p-9f, 0x1.960d42p-10f, 0x1.e44156p-12f, 0x1.a8fc02p-14f,
	 0x1.1d06acp-16f, 0x1.2a43ccp-19f, 0x1.ed43dep-23f, 0},
	{0x1.998412p-5f, -0x1.5dc29ap-9f, -0x1.41ff5ap-5f, -0x1.bc7650p-6f, 0x1.f644fcp-11f, 0x1.81eb28p-7f,
	 0x1.d61344p-8f, 0x1.3ad66cp-10f, -0x1.cb42c6p-11f, -0x1.7f9a06p-11f, -0x1.32ac78p-12f,
	 -0x1.4828c2p-14f, -0x1.00e2dap-16f, -0x1.31fff8p-19f, -0x1.1b616ep-22f, 0},
	{-0x1.b5af6ap-7f, -0x1.615cf8p-6f, -0x1.0d15a4p-8f, 0x1.600c90p-7f, 0x1.11970ap-7f, 0x1.f0b80ep-13f,
	 -0x1.64c060p-9f, -0x1.933f7cp-10f, -0x1.a09eeap-13f, 0x1.7f6770p-13f, 0x1.0a6ad0p-13f,
	 0x1.724a94p-15f, 0x1.59b4dep-17f, 0x1.d7a16ap-20f, 0x1.e86a5ep-23f, 0},
};

#endif
