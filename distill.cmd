@echo off
rem Builds distill when it is not built yet, then runs it.
setlocal
set "root=%~dp0"
set "program=%root%src\Distill.Cli\bin\Release\net10.0\distill.dll"
where dotnet >nul 2>nul
if errorlevel 1 (
  echo error: the .NET SDK is not installed 1>&2
  echo hint: install the .NET 10 SDK from https://dotnet.microsoft.com/download 1>&2
  exit /b 1
)
rem MSBuild itself skips what is up to date.
if not defined DISTILL_NO_BUILD (
  dotnet build "%root%src\Distill.Cli" -c Release -v quiet -nologo 1>&2
  if errorlevel 1 exit /b 1
)
dotnet "%program%" %*
exit /b %errorlevel%
