; The setup program for Windows; installers.py calls makensis with the defines. Silently: setup.exe /S [/D=FOLDER]
!ifdef TARGET ; 64 bits where NSIS has them; the usual 32 do as well, except under a Wine that is 64 bits only
  Target ${TARGET}
!endif
Unicode true
ManifestDPIAware true
RequestExecutionLevel user
!ifdef QUICK
  SetCompress off
!else
  SetCompressor lzma
!endif
!define NAME "SemantikSearch"
!define KEY "Software\Microsoft\Windows\CurrentVersion\Uninstall\${NAME}"
Name "${NAME}"
OutFile "${MADE}"
InstallDir "$LOCALAPPDATA\Programs\${NAME}"
Icon "${FOLDER}/SemantikSearch.ico"
UninstallIcon "${FOLDER}/SemantikSearch.ico"
!include MUI2.nsh
!define MUI_ICON "${FOLDER}/SemantikSearch.ico"
!define MUI_UNICON "${FOLDER}/SemantikSearch.ico"
!define MUI_FINISHPAGE_RUN
!define MUI_FINISHPAGE_RUN_FUNCTION OpenProgram
!insertmacro MUI_PAGE_INSTFILES
!insertmacro MUI_PAGE_FINISH
!insertmacro MUI_UNPAGE_CONFIRM
!insertmacro MUI_UNPAGE_INSTFILES
!insertmacro MUI_LANGUAGE "Spanish"
!insertmacro MUI_LANGUAGE "English"
!insertmacro MUI_LANGUAGE "Portuguese"

LangString CLOSE ${LANG_SPANISH} "${CLOSE_ES}"
LangString CLOSE ${LANG_ENGLISH} "${CLOSE_EN}"
LangString CLOSE ${LANG_PORTUGUESE} "${CLOSE_PT}"

; Files of a program that runs cannot be replaced, and half of a version is none: nothing is touched before it is closed.
!macro WaitUntilClosed FILE
  again_${FILE}:
  IfFileExists "$INSTDIR\${FILE}" 0 free_${FILE}
  ClearErrors
  FileOpen $0 "$INSTDIR\${FILE}" a
  IfErrors 0 closed_${FILE}
  MessageBox MB_RETRYCANCEL|MB_ICONEXCLAMATION "$(CLOSE)" /SD IDCANCEL IDRETRY again_${FILE}
  SetErrorLevel 2
  Quit
  closed_${FILE}:
  FileClose $0
  free_${FILE}:
!macroend

Function OpenProgram
  ExecShell "" "$SMPROGRAMS\${NAME}.lnk"
FunctionEnd

Section
  !insertmacro WaitUntilClosed "${PROGRAM}"
  !insertmacro WaitUntilClosed "${CONSOLE}"
  ; What an earlier version had and this one has not must not stay among the packages.
  !include "${REMOVE}"
  SetOutPath "$INSTDIR"
  File /r "${FOLDER}/*"
  SetOutPath "$PROFILE" ; the folder in which the shortcuts start the program
  CreateShortcut "$SMPROGRAMS\${NAME}.lnk" "$INSTDIR\${PROGRAM}" "${ARGUMENTS}" "$INSTDIR\SemantikSearch.ico" 0 SW_SHOWNORMAL "" "${COMMENT}"
  CreateShortcut "$DESKTOP\${NAME}.lnk" "$INSTDIR\${PROGRAM}" "${ARGUMENTS}" "$INSTDIR\SemantikSearch.ico" 0 SW_SHOWNORMAL "" "${COMMENT}"
  WriteUninstaller "$INSTDIR\uninstall.exe"
  WriteRegStr HKCU "${KEY}" "DisplayName" "${NAME}"
  WriteRegStr HKCU "${KEY}" "DisplayVersion" "${VERSION}"
  WriteRegStr HKCU "${KEY}" "DisplayIcon" "$INSTDIR\SemantikSearch.ico"
  WriteRegStr HKCU "${KEY}" "InstallLocation" "$INSTDIR"
  WriteRegStr HKCU "${KEY}" "UninstallString" '"$INSTDIR\uninstall.exe"'
  WriteRegStr HKCU "${KEY}" "QuietUninstallString" '"$INSTDIR\uninstall.exe" /S'
  WriteRegDWORD HKCU "${KEY}" "EstimatedSize" ${SIZE}
SectionEnd

Section "Uninstall"
  !insertmacro WaitUntilClosed "${PROGRAM}"
  !insertmacro WaitUntilClosed "${CONSOLE}"
  !include "${REMOVE}"
  Delete "$INSTDIR\uninstall.exe"
  RMDir "$INSTDIR"
  Delete "$SMPROGRAMS\${NAME}.lnk"
  Delete "$DESKTOP\${NAME}.lnk"
  DeleteRegKey HKCU "${KEY}"
SectionEnd
