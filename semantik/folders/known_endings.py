"""Endings of names that say what a file is, so that it need not be opened to see whether it is a picture."""

from __future__ import annotations

from semantik.decoding.pictures.formats import IMAGE_EXTENSIONS
from semantik.decoding.pictures.unlisted import extension_of
from semantik.decoding.video.formats import VIDEO_EXTENSIONS

_ENDINGS = """
pdf doc docx docm dot dotx odt ott rtf txt text md markdown rst tex log csv tsv xls xlsx xlsm ods ppt pptx pps ppsx odp
key pages numbers epub mobi azw azw3 djvu djv xps oxps msg eml mbox pst ics vcf one onetoc2 vsd vsdx pub mpp lnk url
webloc desktop html htm xhtml mht mhtml ps eps ai indd wpd wps

zip 7z rar tar gz tgz bz2 tbz xz txz zst lz4 lzma cab iso img dmg vhd vhdx vmdk vdi qcow2 deb rpm msi exe apk jar war
whl appimage snap pkg

mp3 m4a m4b aac ogg oga opus flac wav wave wma aif aiff mid midi amr ape ac3 dts caf srt sub ass vtt idx lrv thm insv
lrf m3u m3u8 pls cue

py pyc pyo pyi ipynb js mjs ts jsx tsx css scss less json jsonl xml yml yaml toml ini cfg conf c h cc cpp hpp cs java kt
go rs rb php pl sh bash bat cmd ps1 lua swift m r jl sql sqlite sqlite3 sqlite-wal sqlite-shm sqlite-journal db db-wal
db-shm db-journal mdb accdb parquet feather npy npz pkl h5 hdf5 mat o a so dll dylib lib obj class pdb map lock pem crt
p12 pfx asc sig sha256 md5 torrent gpx kml kmz geojson nmea

xmp aae pp3 dop cos cof cop nksc on1 lrcat lrdata lrprev lrfprev lrsmcol pvl moc catalog cocatalog photosettings ctg sav
ind ithmb info plist nfo swp tmp part partial crdownload download opdownload filepart

ttf otf ttc woff woff2 eot blend fbx stl dae gltf glb max dwg dxf skp
"""
# Documents; archives and installers; sound and what belongs to films; code and data; what photo programs, systems and
# unfinished downloads leave; fonts and models.

NO_PICTURES = frozenset(f".{ending}" for ending in _ENDINGS.split())
"""Endings, lower case with dot, of files that are known to be no pictures: these are never opened."""


def may_be_picture(name: str) -> bool:
    """Whether a file that has no picture's or video's ending is worth a look at its beginning."""
    extension = extension_of(name)
    return extension not in NO_PICTURES and extension not in IMAGE_EXTENSIONS and extension not in VIDEO_EXTENSIONS
