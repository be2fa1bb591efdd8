"""A DICOM ECG as an array: python3 dicom_to_npy.py r.dcm r.npy (needs pydicom, numpy)"""
import sys, numpy, pydicom
leads = "I II III aVR aVL aVF V1 V2 V3 V4 V5 V6".split()
ecg = pydicom.dcmread(sys.argv[1])
group = ecg.WaveformSequence[0]
channels = group.ChannelDefinitionSequence
names = [c.ChannelSourceSequence[0].CodeMeaning.replace("(Einthoven)", "").split()[-1] for c in channels]
unit = {c.ChannelSensitivityUnitsSequence[0].CodeValue for c in channels}
x = ecg.waveform_array(0)[:, [names.index(lead) for lead in leads]]
numpy.save(sys.argv[2], numpy.ascontiguousarray(x, "<f4"))
print(f"signal_rate_hz: {group.SamplingFrequency}, signal_unit: {unit}")
