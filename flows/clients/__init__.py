"""Services outside of MITA, each behind one protocol with a real client and a local default."""
