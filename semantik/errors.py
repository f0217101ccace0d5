"""What can go wrong, as data. The words for each error are in the catalogues; the window chooses when to show them."""

from __future__ import annotations


class SemantikError(Exception):
    """An error with a message for the user: ``key`` names it in the catalogue, ``params`` fill its gaps."""

    key = "error.internal"

    def __init__(self, **params: object) -> None:
        self.params = params
        super().__init__(f"{self.key} {params}" if params else self.key)


def system_detail(error: OSError) -> str:
    """What the system says went wrong, without the path; for the param ``detail``."""
    return error.strerror or str(error)


class FolderNotFound(SemantikError):
    """The image folder does not exist or is not a folder. Params: folder."""

    key = "error.folder_not_found"


class NotAFolder(FolderNotFound):
    """What was named as the image folder is a file. Params: folder."""

    key = "error.not_a_folder"


class FolderUnreadable(SemantikError):
    """The image folder may not be listed. Params: folder."""

    key = "error.folder_unreadable"


class FolderPrivate(FolderUnreadable):
    """macOS's privacy rules do not let the program list the image folder. Params: folder."""

    key = "error.folder_private"


class FolderUrlBad(SemantikError):
    """A URL that names no folder, or has a password in it. It is not told: so there may be one."""

    key = "error.folder_url_bad"


class RemoteFolderNotFound(FolderNotFound):
    """An object store has no such bucket, or nothing in that folder of it. Params: folder (its URL)."""

    key = "error.remote_not_found"


class RemoteFolderForbidden(FolderUnreadable):
    """An object store lets nobody in with the credentials that there are, if any. Params: folder, detail."""

    key = "error.remote_forbidden"


class RemoteFolderUnreachable(FolderNotFound):
    """An object store does not answer, or not any more. Params: folder, detail."""

    key = "error.remote_unreachable"


class RemotePackageMissing(SemantikError):
    """What reads an object store is not installed. Params: package, folder."""

    key = "error.remote_package_missing"


class FolderEmptied(SemantikError):
    """A folder with an index suddenly shows no pictures at all. Params: folder, count."""

    key = "error.folder_emptied"


class MassRemoval(SemantikError):
    """Most of the indexed pictures are missing from the folder. Params: folder, gone, count."""

    key = "error.mass_removal"


class NoImages(SemantikError):
    """The folder holds no pictures, so there is nothing to index. Params: folder."""

    key = "error.no_images"


class AllExcluded(SemantikError):
    """The folder holds pictures, but the user's exclude patterns leave none of them. Params: folder."""

    key = "error.all_excluded"


class NoIndex(SemantikError):
    """The folder was never indexed with this encoder. Params: folder."""

    key = "error.no_index"


class NoneReadable(NoIndex):
    """The folder was indexed, but not one of its files could be read. Params: folder, count."""

    key = "error.none_readable"


class AllInCloud(NoIndex):
    """The folder's files are only in a cloud, so that nothing could be indexed. Params: folder, count."""

    key = "error.all_in_cloud"


class IndexingStopped(NoIndex):
    """Indexing was stopped before any picture was in the index. Params: folder."""

    key = "error.indexing_stopped"


class NoFolderActive(SemantikError):
    """All open folders are left out of searches."""

    key = "error.no_folder_active"


class IndexDamaged(SemantikError):
    """The stored index contradicts itself. Params: why (a catalogue key), detail."""

    key = "error.index_damaged"


class IndexTooNew(SemantikError):
    """A newer version of the program wrote the index. Params: version."""

    key = "error.index_too_new"


class IndexLocked(SemantikError):
    """Another running program is writing this folder's index. Params: folder."""

    key = "error.index_locked"


class IndexNotSaved(SemantikError):
    """Writing the index failed; the previous one is intact. Params: folder, detail."""

    key = "error.index_not_saved"


class StoreAddressBad(SemantikError):
    """What was given as the address of a server is none. It is not told: there may be a password in it."""

    key = "error.store_address_bad"


class StorePackagesMissing(SemantikError):
    """What an index on a server needs is not installed. Params: package."""

    key = "error.store_packages_missing"


class StoreUnreachable(SemantikError):
    """The server that keeps the index does not answer, or went away. Params: address (no secret in it), detail."""

    key = "error.store_unreachable"


class StorePasswordNeeded(StoreUnreachable):
    """The server asks for a password, and there is none, or it is not that. Params: address, detail."""

    key = "error.store_password_needed"


class StoreDatabaseMissing(StoreUnreachable):
    """The server answers, and has no such database. Params: address, detail."""

    key = "error.store_database_missing"


class StoreRoleMissing(StoreUnreachable):
    """The server answers, and knows no such user. Params: address, detail."""

    key = "error.store_role_missing"


class StoreCrowded(StoreUnreachable):
    """The server answers, and takes no more connections now. Params: address, detail."""

    key = "error.store_crowded"


class StoreNoEntry(StoreUnreachable):
    """The server answers, and lets this user not in for another reason. Params: address, detail."""

    key = "error.store_no_entry"


class StoreUntrusted(SemantikError):
    """The server's certificate is not the one that the address demands; nothing was sent. Params: address, detail."""

    key = "error.store_untrusted"


class StoreForbids(SemantikError):
    """The role on the server may not do that: it may only search. Params: address, detail."""

    key = "error.store_forbids"


class StoreReadOnly(StoreForbids):
    """That was known before anything was done. Params: address."""

    key = "error.store_read_only"


class StoreRefused(SemantikError):
    """The server that keeps the index answered with an error. Params: address, detail."""

    key = "error.store_refused"


class StoreEmpty(SemantikError):
    """There is no index on the server, and the role may not make one. Params: address."""

    key = "error.store_empty"


class StoreTaken(SemantikError):
    """There is an index already where one is to be copied to. Params: place."""

    key = "error.store_taken"


class StoreCopyDiffers(SemantikError):
    """A copied index is not what it was copied from; the source stays. Params: place, path."""

    key = "error.store_copy_differs"


class PageNotSaved(SemantikError):
    """The results page could not be written. Params: folder, detail."""

    key = "error.page_not_saved"


class PlaceTaken(SemantikError):
    """The file for a results page is there, and is no earlier page. Params: path."""

    key = "error.place_taken"


class PlaceAmongPictures(SemantikError):
    """The file for a results page would lie among the user's pictures. Params: path, folder."""

    key = "error.place_among_pictures"


class EmptyQuery(SemantikError):
    """The text query is empty or blank."""

    key = "error.empty_query"


class OnlyUnwanted(SemantikError):
    """The query says what must not be there and nothing else."""

    key = "error.only_unwanted"


class TextUnread(SemantikError):
    """The model's text side can read none of the words that are wanted. Params: words, model."""

    key = "error.text_unread"


class ContradictoryQuery(SemantikError):
    """Something is wanted and unwanted at once. Params: term."""

    key = "error.contradictory_query"


class ContradictoryDates(SemantikError):
    """The dates of a filter leave no day. Params: since, until."""

    key = "error.contradictory_dates"


class BadWeight(SemantikError):
    """A weight is zero or absurd. Params: value."""

    key = "error.bad_weight"


class BadFilter(SemantikError):
    """A filter's value cannot be read. Params: name, value, example."""

    key = "error.bad_filter"


class UnknownFilter(SemantikError):
    """A filter's name is misspelt. Params: name, meant (the filter that was probably meant)."""

    key = "error.unknown_filter"


class FilterRefused(SemantikError):
    """A filter stands after a minus, a weight or a "sin". Params: filter."""

    key = "error.filter_refused"


class FilterTwice(SemantikError):
    """A filter says otherwise than an earlier one of its kind. Params: filter."""

    key = "error.filter_twice"


class NoneMatchesFilters(SemantikError):
    """The filters leave no picture to search. Params: filters."""

    key = "error.none_matches_filters"


class NoneMatchesYet(NoneMatchesFilters):
    """As that, but what the filters ask for is not known of all pictures yet. Params: filters, count."""

    key = "error.none_matches_yet"


class NoSuchFolder(NoneMatchesFilters):
    """No folder of the library has the name that a filter gives. Params: filters."""

    key = "error.no_such_folder"


class NoSuchPerson(NoneMatchesFilters):
    """Nobody in the library has the name that a filter gives. Params: filters."""

    key = "error.no_such_person"


class PeopleNotWanted(NoneMatchesFilters):
    """A filter asks who is in pictures, which the user does not want to be known. Params: filters."""

    key = "error.people_not_wanted"


class AddressInQuery(SemantikError):
    """A text of the query is an address of the web, which only the picture's field takes. Params: address."""

    key = "error.address_in_query"


class PictureTooLarge(SemantikError):
    """The picture at an address of the web is larger than it may be. Params: megabytes."""

    key = "error.picture_too_large"


class PictureNotSaved(SemantikError):
    """A pasted or fetched picture could not be written. Params: folder, detail."""

    key = "error.picture_not_saved"


class NoSuchSavedSearch(SemantikError):
    """No starred search asks for this. Params: words."""

    key = "error.no_such_saved_search"


class QueryImageMissing(SemantikError):
    """The query picture does not exist. Params: path."""

    key = "error.query_image_missing"


class QueryImageUnreadable(SemantikError):
    """The query picture cannot be decoded. Params: path, reason."""

    key = "error.query_image_unreadable"


class BadTopK(SemantikError):
    """K is not a whole number from 1 to the number of images. Params: value, most."""

    key = "error.bad_top_k"


class UnknownEncoder(SemantikError):
    """No encoder has that name. Params: name, known."""

    key = "error.unknown_encoder"


class EncoderFailed(SemantikError):
    """An encoder's files are missing or broken. Params: name, detail."""

    key = "error.encoder_failed"


class FastPackagesMissing(EncoderFailed):
    """The 8-bit image side needs packages that are not installed. Params: name."""

    key = "error.fast_packages_missing"


class FormatNotOffered(SemantikError):
    """A model cannot work in that number format. Params: name, format, known: texts for people."""

    key = "error.format_not_offered"


class TooFewPictures(SemantikError):
    """A trial needs more pictures to say anything. Params: found, needed."""

    key = "error.too_few_pictures"


class DownloadFailed(SemantikError):
    """A download did not arrive. Params: name, detail."""

    key = "error.download_failed"


class NoNetwork(DownloadFailed):
    """The server could not be reached. Params: name, host."""

    key = "error.no_network"


class WrongHash(DownloadFailed):
    """A downloaded or stored file is not the one that was asked for. Params: name."""

    key = "error.wrong_hash"


class DiskFull(DownloadFailed):
    """There is no room for the download. Params: name, folder, needed_mb."""

    key = "error.disk_full"


class ServerRefused(DownloadFailed):
    """The server answered, but not with the file. Params: name, host, status."""

    key = "error.server_refused"


class UnsafeRedirect(DownloadFailed):
    """The server sends on to where nobody asked to go: out of https, or into the own network. Params: name, host."""

    key = "error.unsafe_redirect"


class UntrustedServer(DownloadFailed):
    """The server's certificate is not valid for it. Params: name, host, detail."""

    key = "error.untrusted_server"


class DownloadInterrupted(DownloadFailed):
    """The connection broke again and again; what arrived is kept. Params: name, host, detail."""

    key = "error.download_interrupted"


class WeightsFolderUnwritable(DownloadFailed):
    """The folder for the models' files cannot be made or written. Params: name, folder, detail."""

    key = "error.weights_folder_unwritable"


class WeightsMissing(EncoderFailed):
    """The model's file is not on disk. Params: name, megabytes."""

    key = "error.weights_missing"


class BadCheckpoint(EncoderFailed):
    """The user's own checkpoint does not fit the model. Params: name, path, detail."""

    key = "error.bad_checkpoint"


class ModelUnproven(EncoderFailed):
    """A model cannot tell drawn pictures by sentences, so that it is not used. Params: name."""

    key = "error.model_unproven"


class ModelInUse(SemantikError):
    """A model cannot be removed while it is the one in use. Params: name."""

    key = "error.model_in_use"


class OwnCheckpoint(SemantikError):
    """A file to be removed is the user's own checkpoint. Params: path."""

    key = "error.own_checkpoint"


class ModelNotRemoved(SemantikError):
    """The system does not let a model's files be deleted. Params: name, detail."""

    key = "error.model_not_removed"


class Cancelled(SemantikError):
    """The user stopped the task. Nothing is shown for it."""

    key = "error.cancelled"


class DecodeFailed(SemantikError):
    """One picture could not be decoded. Params: path, reason (a records.Reason), detail.

    And ``fingerprint``, what tells its content, where that could be read while it was to be fitted.
    """

    key = "error.decode_failed"


class DecoderNotStarted(SemantikError):
    """No decoder process can be started, so that no picture at all can be read. Params: detail."""

    key = "error.decoder_not_started"


class RayMissing(SemantikError):
    """The package that embeds on many machines is not installed."""

    key = "error.ray_missing"


class ClusterUnreachable(SemantikError):
    """A cluster cannot be connected to, or not be started on this computer. Params: address, detail."""

    key = "error.cluster_unreachable"


class ClusterEmpty(SemantikError):
    """No machine of a cluster offers a processor. Params: address."""

    key = "error.cluster_empty"


class WorkerUnfit(SemantikError):
    """A machine of a cluster cannot embed. Params: node, error (a SemantikError that says why)."""

    key = "error.worker_unfit"


class WorkerNotStarted(SemantikError):
    """The program cannot be run on a machine of a cluster. Params: detail."""

    key = "error.worker_not_started"


class WorkerVersion(SemantikError):
    """A machine of a cluster has another version of the program. Params: version, own."""

    key = "error.worker_version"


class WorkerModel(SemantikError):
    """A machine of a cluster has other weights of the model. Params: space."""

    key = "error.worker_model"


class WorkerFolderUnseen(SemantikError):
    """A machine of a cluster does not see the files of a folder. Params: folder."""

    key = "error.worker_folder"


class TextsUnreadable(SemantikError):
    """What reads texts in pictures is missing or does not work. Params: detail."""

    key = "error.texts_unreadable"


class FacesUnreadable(SemantikError):
    """What finds faces in pictures does not work here. Params: detail."""

    key = "error.faces_unreadable"


class PageBusy(SemantikError):
    """A results page asked for something while the program does something else."""

    key = "error.page_busy"


class PageGone(SemantikError):
    """A results page, or a picture of one, that the running program does not know (any more)."""

    key = "error.page_gone"


class PageRefused(SemantikError):
    """What asked is not one of this run's results pages."""

    key = "error.page_refused"


class PageRequestInvalid(SemantikError):
    """A results page asked for something that cannot be read, or for too much."""

    key = "error.page_request"


class PageHasty(SemantikError):
    """A results page asks for too much at once."""

    key = "error.page_hasty"


class PictureGone(SemantikError):
    """The file of a hit is not there any more. Params: path."""

    key = "error.picture_gone"


class PictureNotIndexed(SemantikError):
    """A picture of an indexed folder is not in its index: it is new, or was skipped. Params: path, folder."""

    key = "error.picture_not_indexed"


class PictureSkipped(PictureNotIndexed):
    """The same, and it is known why. Params: path, folder, reason."""

    key = "error.picture_skipped"


class PictureOutside(SemantikError):
    """A file is in none of the folders that were indexed. Params: path."""

    key = "error.picture_outside"


class NoPictureNamed(SemantikError):
    """What was named as a picture is a folder. Params: path."""

    key = "error.no_picture_named"


class NoSuchMoment(SemantikError):
    """A video has no frame in the index at the second that was named. Params: path, moments."""

    key = "error.no_such_moment"


class PictureNotShown(SemantikError):
    """No file manager could be started for a picture. Params: path."""

    key = "error.picture_not_shown"


class CopiesNotMade(SemantikError):
    """Nothing (more) can be written to the folder for copies. Params: folder, detail, copied, count."""

    key = "error.copies_not_made"


class LauncherNotMade(SemantikError):
    """An entry for the menu or the desktop could not be written. Params: path, detail."""

    key = "error.launcher_not_made"


class SystemLibraryMissing(SemantikError):
    """Windows cannot load a compiled package's library, mostly for want of the Visual C++ runtime. Params: detail."""

    key = "error.system_library"


_DLL_ERRORS = (126, 127, 182, 193, 1114)
"""ERROR_MOD_NOT_FOUND, ERROR_PROC_NOT_FOUND, ERROR_INVALID_ORDINAL, ERROR_BAD_EXE_FORMAT, ERROR_DLL_INIT_FAILED."""


def understood(error: BaseException) -> BaseException:
    """The error, or SystemLibraryMissing in place of what Python says when Windows cannot load a library."""
    numbered = isinstance(error, OSError) and getattr(error, "winerror", None) in _DLL_ERRORS
    if numbered or (isinstance(error, ImportError) and "DLL load failed" in str(error)):
        return SystemLibraryMissing(detail=" ".join(str(error).split()))
    return error
