"""An SCP-ECG file (1 or 2) as an array: python3 scp_to_npy.py r.scp r.npy (needs ecgdatakit, numpy)"""
import sys, numpy
from ecgdatakit import FileParser
leads = "I II III aVR aVL aVF V1 V2 V3 V4 V5 V6".split()
found = {lead.label: lead.to_physical() for lead in FileParser().parse(sys.argv[1]).leads}
rows = [found[lead].samples for lead in leads if lead in found]
numpy.save(sys.argv[2], numpy.stack(rows).astype("<f4"))
one = next(iter(found.values()))
print(f"signal_rate_hz: {one.sampling_rate}, signal_unit: {one.units}, "
      f"signal_leads: [{', '.join(lead for lead in leads if lead in found)}]")
